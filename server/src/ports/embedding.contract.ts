// The suite that every engine with `embed` passes. An engine's own test calls describeEmbedding with a way to set it up.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { EmbeddingTicket } from '../domain/admission/embedding-ticket.ts';
import type { Embedded, Embedding } from '../domain/embedding/embedding.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Result } from '../lib/result.ts';
import { within } from './engine.contract.ts';
import type { Engine } from './engine.ts';

const STOP_MAX_MS = 1_000;
const ANSWER_MAX_MS = 30_000;
const NEVER = new AbortController().signal;

export type EmbedderUnderTest = {
  readonly engine: Engine;
  readonly engineModel: string;
  /** Ends what the setup started beside the engine; the suite disposes of the engine itself. */
  dispose(): PromiseLike<void>;
};

let ticketsMade = 0;

/** A ticket for tests, with a hold that no ledger knows. */
export function testEmbeddingTicket(engineModel: string, embedding: Embedding): EmbeddingTicket {
  const requestId = `req_embed_${++ticketsMade}`;
  return EmbeddingTicket.issue(
    { requestId, organisationId: 'org_test', amountNano: 1_000_000_000n },
    { requestId, engineModel, embedding },
  );
}

/** Every way in which an answer breaks the port's promises, one sentence each. */
export function embeddingViolations({ inputs }: Embedding, embedded: Embedded): string[] {
  const found: string[] = [];
  const { vectors, inputTokens } = embedded;
  if (vectors.length !== inputs.length)
    found.push(`there are ${vectors.length} vectors for ${inputs.length} inputs`);
  if (!Number.isSafeInteger(inputTokens) || inputTokens < 1)
    found.push(`it counts ${inputTokens} tokens`);
  const widths = new Set(vectors.map(({ length }) => length));
  if (widths.size !== 1 || widths.has(0)) found.push(`vectors are ${[...widths].join(', ')} long`);
  for (const [at, vector] of vectors.entries()) {
    const length = Math.hypot(...vector);
    if (length !== 0 && !(Math.abs(length - 1) < 1e-3))
      found.push(`vector ${at} has the length ${length}`);
  }
  return found;
}

export function describeEmbedding(name: string, setUp: () => Promise<EmbedderUnderTest>): void {
  describe(`embedding contract: ${name}`, { timeout: 120_000 }, () => {
    let subject: EmbedderUnderTest;
    before(async () => void (subject = await setUp()));
    after(async () => {
      await subject.engine[Symbol.asyncDispose]();
      await subject.dispose();
    });

    const ask = async (
      inputs: Embedding['inputs'],
      signal = NEVER,
    ): Promise<Result<Embedded, EngineFailure>> => {
      const { engine, engineModel } = subject;
      assert.ok(engine.embed, 'it makes embeddings');
      const ticket = testEmbeddingTicket(engineModel, { inputs });
      return await within(ANSWER_MAX_MS, 'an embedding', engine.embed(ticket, signal));
    };
    const made = async (inputs: Embedding['inputs']): Promise<Embedded> => {
      const embedded = await ask(inputs);
      assert.ok(embedded.ok, JSON.stringify(embedded));
      assert.deepEqual(embeddingViolations({ inputs }, embedded.value), []);
      return embedded.value;
    };

    test('one vector for each input, in order, and each the same alone and in company', async () => {
      const texts = ['the gate turns', 'a toll is paid', 'quite another thing'];
      const together = await made(texts);
      let tokens = 0;
      for (const [at, text] of texts.entries()) {
        const alone = await made([text]);
        tokens += alone.inputTokens;
        assert.ok(cosine(together.vectors[at], alone.vectors[0]) > 0.999, text);
      }
      assert.equal(together.inputTokens, tokens);
      assert.ok(cosine(together.vectors[0], together.vectors[1]) < 0.999_9, 'texts differ');
    });

    test('a hundred inputs, and eight requests at once', async () => {
      await made(Array.from({ length: 100 }, (_, at) => `number ${at}`));
      const several = Array.from({ length: 8 }, (_, at) => made([`request ${at}`, 'another']));
      assert.equal((await Promise.all(several)).length, 8);
    });

    test('an aborted signal starts no work, and one that aborts ends it within a second', async () => {
      const aborted = await ask(['text'], AbortSignal.abort());
      assert.deepEqual(aborted, { ok: false, error: { kind: 'aborted' } });
      const stop = new AbortController();
      const long = ask(
        Array.from({ length: 2_000 }, (_, at) => `one of many texts: ${at}`),
        stop.signal,
      );
      setTimeout(() => stop.abort(), 5);
      const ended = await within(STOP_MAX_MS, 'an aborted embedding', long);
      if (!ended.ok) assert.deepEqual(ended.error, { kind: 'aborted' });
      await made(['it goes on']);
    });
  });
}

function cosine(one: Float32Array | undefined, other: Float32Array | undefined): number {
  assert.ok(one !== undefined && other !== undefined);
  return one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
}
