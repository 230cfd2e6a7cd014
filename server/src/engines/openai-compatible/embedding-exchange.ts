// Embeddings of an upstream: `POST /embeddings`, a few hundred inputs at a time, so that no answer is too large to hold.

import type { Pool } from 'undici';

import type { EmbeddingTicket } from '../../domain/admission/embedding-ticket.ts';
import { unitVector } from '../../domain/embedding/embedding.ts';
import type { Embedded, EmbeddingInput } from '../../domain/embedding/embedding.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import { err, ok } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import { failureOfResponse } from './failure-reader.ts';
import { isObject, parseJson } from './json.ts';
import { ANSWER_BYTES_MAX, ERROR_BYTES_MAX } from './options.ts';

/** Of 4,096 numbers with 12 characters each: 13 MB. */
const BATCH_INPUTS = 256;

export type Upstream = {
  readonly pool: Pool;
  readonly path: string;
  readonly headers: readonly string[];
  failureOf(error: Error): EngineFailure;
};

export async function embedUpstream(
  upstream: Upstream,
  ticket: EmbeddingTicket,
  signal: AbortSignal,
): Promise<Result<Embedded, EngineFailure>> {
  const { inputs } = ticket.embedding;
  const vectors: Float32Array[] = [];
  let inputTokens = 0;
  for (let at = 0; at < inputs.length; at += BATCH_INPUTS) {
    const some = inputs.slice(at, at + BATCH_INPUTS);
    const batch = await askUpstream(upstream, ticket, some, signal);
    if (!batch.ok) return batch;
    vectors.push(...batch.value.vectors);
    inputTokens += batch.value.inputTokens;
  }
  return ok({ vectors, inputTokens });
}

async function askUpstream(
  { pool, path, headers, failureOf }: Upstream,
  { requestId, engineModel, embedding }: EmbeddingTicket,
  inputs: readonly EmbeddingInput[],
  signal: AbortSignal,
): Promise<Result<Embedded, EngineFailure>> {
  const { dimensions } = embedding;
  const asked = { model: engineModel, input: inputs, encoding_format: 'float', dimensions };
  if (signal.aborted) return err({ kind: 'aborted' });
  try {
    const response = await pool.request({
      path: `${path}/embeddings`,
      method: 'POST',
      headers: [...headers, 'x-request-id', requestId],
      body: JSON.stringify(asked),
      signal,
    });
    const bound = response.statusCode < 300 ? ANSWER_BYTES_MAX : ERROR_BYTES_MAX;
    const text = await textOf(response.body, bound);
    if (response.statusCode >= 300) {
      return err(failureOfResponse(response.statusCode, response.headers, text ?? '', Date.now()));
    }
    if (text === undefined) return broken(`It sent more than ${bound} bytes.`);
    return readEmbeddings(text, inputs);
  } catch (error) {
    if (signal.aborted) return err({ kind: 'aborted' });
    return err(failureOf(error instanceof Error ? error : new Error(String(error))));
  }
}

/** Undefined when there is more than may be; what is left is not read. */
export async function textOf(
  body: AsyncIterable<unknown>,
  bytesMax: number,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readEmbeddings(
  text: string,
  inputs: readonly EmbeddingInput[],
): Result<Embedded, EngineFailure> {
  const json = parseJson(text);
  const data = isObject(json) ? json['data'] : undefined;
  if (!isObject(json) || !Array.isArray(data)) return broken('Its answer has no embeddings.');
  const vectors = new Map<number, Float32Array>();
  for (const [at, entry] of data.entries()) {
    const numbers: unknown = isObject(entry) ? entry['embedding'] : undefined;
    if (!isObject(entry) || !isVector(numbers)) return broken('It sent a vector without numbers.');
    const index = typeof entry['index'] === 'number' ? entry['index'] : at;
    vectors.set(index, unitVector(numbers));
  }
  const ordered = inputs.map((_, at) => vectors.get(at));
  const found = ordered.filter((vector) => vector !== undefined);
  const width = found[0]?.length;
  if (found.length < inputs.length || found.some(({ length }) => length !== width)) {
    return broken(
      `It sent ${found.length} vectors for ${inputs.length} inputs, or of two lengths.`,
    );
  }
  return ok({ vectors: found, inputTokens: tokensIn(json['usage']) ?? countedIn(inputs) });
}

function isVector(value: unknown): value is readonly number[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((one) => typeof one === 'number' && Number.isFinite(one));
}

function tokensIn(usage: unknown): number | undefined {
  const tokens = isObject(usage) ? (usage['prompt_tokens'] ?? usage['total_tokens']) : undefined;
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0
    ? tokens
    : undefined;
}

/** Of a server that counts nothing: words, of which none has less than a token. */
function countedIn(inputs: readonly EmbeddingInput[]): number {
  const count = (input: EmbeddingInput): number =>
    typeof input === 'string' ? (input.match(/\S+/g)?.length ?? 0) : input.length;
  return inputs.reduce((sum, input) => sum + Math.max(1, count(input)), 0);
}

function broken(detail: string): Result<never, EngineFailure> {
  return err({ kind: 'broken', detail });
}
