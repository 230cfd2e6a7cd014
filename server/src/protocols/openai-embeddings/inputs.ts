// `input` in its four shapes → inputs of the hub. Read by hand: there may be 300,000 numbers in it, of which a general
// validator would make as many steps.

import type { EmbeddingInput } from '../../domain/embedding/embedding.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { EMBEDDING_INPUTS_MAX, EMBEDDING_TOKENS_MAX } from '../../limits.ts';

export function readInputs(input: unknown): Result<readonly EmbeddingInput[], Refusal> {
  if (input === undefined) return invalid('input', "Missing required parameter: 'input'.");
  if (!Array.isArray(input)) return readAll([input], () => 'input');
  const isTokens = input.length > 0 && input.every((one) => typeof one === 'number');
  if (isTokens) return readAll([input], () => 'input');
  const { length } = input;
  if (length === 0 || length > EMBEDDING_INPUTS_MAX) {
    const message = `Invalid 'input': expected 1 to ${EMBEDDING_INPUTS_MAX} inputs, not ${length}.`;
    return invalid('input', message);
  }
  return readAll(input, (at) => `input[${at}]`);
}

function readAll(
  inputs: readonly unknown[],
  fieldAt: (at: number) => string,
): Result<readonly EmbeddingInput[], Refusal> {
  const read: EmbeddingInput[] = [];
  let tokens = 0;
  for (const [at, input] of inputs.entries()) {
    const isTokens = Array.isArray(input) && input.every(isToken);
    const one = typeof input === 'string' || isTokens ? input : undefined;
    if (one === undefined || one.length === 0) {
      const field = fieldAt(at);
      const expected = 'expected a text or the numbers of its tokens, and not an empty one';
      return invalid(field, `Invalid '${field}': ${expected}.`);
    }
    if (typeof one !== 'string') tokens += one.length;
    read.push(one);
  }
  if (tokens <= EMBEDDING_TOKENS_MAX) return ok(read);
  const message = `Invalid 'input': at most ${EMBEDDING_TOKENS_MAX} tokens in one request, not ${tokens}.`;
  return invalid('input', message);
}

function isToken(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function invalid(field: string, message: string): Result<never, Refusal> {
  return err({ kind: 'invalid-request', field, message });
}
