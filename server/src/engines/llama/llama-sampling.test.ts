// What clients may say about the draw, on the embedded engine: log probabilities, biases, penalties, seeds and stops.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { Generation, Sampling } from '../../domain/generation/generation.ts';
import type { TokenLogprob } from '../../domain/generation/logprobs.ts';
import { inputTokens } from '../../domain/generation/usage.ts';
import { readAll, testTicket, violations, within } from '../../ports/engine.contract.ts';
import { writeEndlessModel } from './endless-model.fixture.ts';
import { startLlamaEngine } from './llama-engine.ts';
import type { LlamaEngine } from './llama-engine.ts';

const TOKENS = 40;
const folder = await mkdtemp(join(tmpdir(), 'turnpike-llama-sampling-'));
const modelPath = join(folder, 'endless.gguf');
await writeEndlessModel(modelPath);
after(() => rm(folder, { recursive: true, force: true }));

const WISH = {
  prompt: 'Hi',
  delivery: 'whole',
  outputTokensMax: 1,
  engineModel: 'test',
} as const;

type Answer = { readonly text: string; readonly scores: readonly TokenLogprob[] };

describe('llama: sampling', () => {
  let engine: LlamaEngine;
  before(async () => {
    engine = startLlamaEngine({ name: 'test', modelPath });
    assert.ok((await engine.ready).ok);
  });
  after(() => engine[Symbol.asyncDispose]());

  async function ask(sampling: Partial<Sampling>, more: Partial<Generation> = {}): Promise<Answer> {
    const ticket = testTicket({
      prompt: 'Say something.',
      delivery: 'stream',
      outputTokensMax: TOKENS,
      engineModel: 'test',
      generation: { sampling: { stop: [], ...sampling }, ...more },
    });
    const run = await within(60_000, 'a generation', readAll(engine, ticket));
    assert.deepEqual(violations(run.yields, TOKENS), []);
    assert.equal(run.parts.at(-1)?.kind, 'finish', JSON.stringify(run.parts.at(-1)));
    const said = run.parts.filter((part) => part.kind === 'text-delta');
    const scores = said.flatMap(({ logprobs = [] }) => logprobs);
    return { text: said.map(({ text }) => text).join(''), scores };
  }

  const logprobs = { top: 5 };

  test('log probabilities are those of the tokens that were said, each among the likeliest', async () => {
    const plain = await ask({ temperature: 0 });
    assert.deepEqual(plain.scores, []);
    const { text, scores } = await ask({ temperature: 0 }, { logprobs });
    assert.equal(text, plain.text, 'asking for them changes nothing at a temperature of 0');
    assert.ok(scores.length > TOKENS / 2);
    const spelled = Buffer.concat(scores.map(({ bytes }) => Buffer.from(bytes))).toString();
    assert.ok(spelled.startsWith(text.slice(0, 20)), `${spelled} / ${text}`);
    for (const { logprob, token, top } of scores) {
      assert.ok(logprob <= 0 && logprob > -20);
      assert.equal(top.length, logprobs.top);
      assert.deepEqual([top[0]?.token, top[0]?.logprob], [token, logprob]);
      const mass = top.reduce((sum, likely) => sum + Math.exp(likely.logprob), 0);
      assert.ok(mass <= 1.000_01, `${mass}`);
      assert.deepEqual(
        top,
        top.toSorted((a, b) => b.logprob - a.logprob),
      );
    }
  });

  test('log probabilities do not know the temperature, and a seed gives the same text with them', async () => {
    const [first] = (await ask({ temperature: 0 }, { logprobs })).scores;
    const warm = { temperature: 1.5, seed: 3, topP: 0.5 };
    const one = await ask(warm, { logprobs });
    assert.deepEqual(await ask(warm, { logprobs }), one);
    const [warmFirst] = one.scores;
    assert.ok(first !== undefined && warmFirst !== undefined);
    for (const [at, likely] of first.top.entries()) {
      assert.ok(Math.abs((warmFirst.top[at]?.logprob ?? 0) - likely.logprob) < 1e-3);
    }
  });

  test('in JSON they are told too', async () => {
    const { scores } = await ask(
      { temperature: 1, seed: 1 },
      { output: { kind: 'json-object' }, logprobs },
    );
    assert.equal(scores[0]?.token.trimStart().startsWith('{'), true);
    for (const { logprob } of scores) assert.ok(logprob <= 1e-6);
  });

  test('a bias of -100 bans a token and one of 100 forces it', async () => {
    const vocabulary = 512;
    const all = Array.from({ length: vocabulary }, (_, token) => token);
    const { text } = await ask({ temperature: 0 });
    const forced = all.find((token) => token > 300) ?? 0;
    const { text: one } = await ask({ temperature: 0, logitBias: [{ token: forced, bias: 100 }] });
    assert.notEqual(one, text);
    assert.ok(new Set(one.match(/\S/gu)).size <= new Set(text.match(/\S/gu)).size + 1, one);
    const banned = all.map((token) => ({ token, bias: -100 }));
    const { text: other } = await ask({ temperature: 0, logitBias: banned });
    assert.notEqual(other, text);
    const beyond = await ask({ temperature: 0, logitBias: [{ token: 9_999_999, bias: 100 }] });
    assert.equal(beyond.text, text, 'a token that the model does not have changes nothing');
  });

  test('penalties keep a model from repeating itself', async () => {
    const distinct = (scores: readonly TokenLogprob[]): number =>
      new Set(scores.map(({ token }) => token)).size / scores.length;
    const free = await ask({ temperature: 0 }, { logprobs });
    const penalised = await ask({ temperature: 0, frequencyPenalty: 2 }, { logprobs });
    const present = await ask({ temperature: 0, presencePenalty: 2 }, { logprobs });
    assert.ok(distinct(penalised.scores) >= distinct(free.scores));
    assert.ok(distinct(present.scores) >= distinct(free.scores));
    assert.ok(penalised.text !== free.text || present.text !== free.text);
  });

  test('a stop ends the answer across tokens, with the scores of what was told alone', async () => {
    const { text } = await ask({ temperature: 0 });
    const stop = text.slice(7, 12);
    const told = text.slice(0, text.indexOf(stop));
    const { text: cut, scores } = await ask({ temperature: 0, stop: [stop] }, { logprobs });
    assert.equal(cut, told);
    const spelled = Buffer.concat(scores.map(({ bytes }) => Buffer.from(bytes))).toString();
    assert.ok(told.startsWith(spelled), `${spelled} / ${told}`);
  });

  test('a raw prompt is gone on with as it is, without a template', async () => {
    const raw = { items: [], rawPrompts: ['Once upon a time'] };
    const { text } = await ask({ temperature: 0 }, raw);
    assert.ok(text.length > 0);
    const other = await ask({ temperature: 0 }, { ...raw, rawPrompts: ['Twice'] });
    assert.notEqual(other.text, text);
    const counted = await engine.countTokens(
      {
        engineModel: 'test',
        generation: { ...testTicket(WISH).generation, ...raw },
      },
      new AbortController().signal,
    );
    assert.ok(counted.ok && counted.value < 15, JSON.stringify(counted));
  });

  test('a raw prompt may be the numbers of tokens, as they are', async () => {
    const last = async (...tokens: readonly number[]) => {
      const generation = {
        items: [],
        rawPrompts: [tokens],
        sampling: { temperature: 0, stop: [] },
      };
      const { parts } = await readAll(
        engine,
        testTicket({ ...WISH, outputTokensMax: 9, generation }),
      );
      const usage = parts.findLast((part) => part.kind === 'usage')?.usage;
      const text = parts.map((part) => (part.kind === 'text-delta' ? part.text : '')).join('');
      return { text, input: usage && inputTokens(usage), end: parts.at(-1) };
    };
    const { text, input } = await last(300, 301, 302);
    assert.ok(text.length > 0);
    assert.equal(input, 3);
    assert.notEqual((await last(400, 401)).text, text);
    const stray = (await last(1, 9_999_999)).end;
    const tooMany = (await last(...Array.from({ length: 100_000 }, () => 1))).end;
    assert.ok(stray?.kind === 'failure' && stray.failure.kind === 'rejected');
    assert.match(stray.failure.message, /no token 9999999/);
    assert.ok(tooMany?.kind === 'failure' && tooMany.failure.kind === 'context-length');
    assert.equal(tooMany.failure.tokens, 100_000);
  });
});
