// Embeddings within the context window that the operator declared, where the engine's own is larger. An engine says only how
// many tokens all inputs had together, so those that may be too long by their bytes are made alone, before the others.

import type { Embedded, Embedding, EmbeddingInput } from '../domain/embedding/embedding.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import { assert } from '../lib/assert.ts';
import { ok, err, type Result } from '../lib/result.ts';
import { embeddingTokensBound } from './admit.ts';
import type { ServedModel } from './gateway.ts';

type Made = Result<Embedded, EngineFailure>;
type Make = (embedding: Embedding) => Promise<Made> | undefined;

export async function embedWithin(
  { contextTokensMax, engineKeepsWindow }: ServedModel,
  embedding: Embedding,
  make: Make,
): Promise<Made> {
  const { inputs } = embedding;
  const mayBeLong = (input: EmbeddingInput): boolean =>
    embeddingTokensBound(input) > contextTokensMax;
  const some = engineKeepsWindow === true ? [] : inputs.filter(mayBeLong);
  if (some.length === 0) return await made(make(embedding));

  const tooLong = (tokens: number): Made =>
    err({ kind: 'context-length', tokens, tokensMax: contextTokensMax });
  // Tokens need nobody to count them.
  const long = some.find((input) => typeof input !== 'string' && input.length > contextTokensMax);
  if (long !== undefined) return tooLong(long.length);
  const vectors = new Map<EmbeddingInput, Float32Array>();
  let inputTokens = 0;
  for (const input of some) {
    const alone = await made(make({ ...embedding, inputs: [input] }));
    if (!alone.ok) return alone;
    if (alone.value.inputTokens > contextTokensMax) return tooLong(alone.value.inputTokens);
    inputTokens += alone.value.inputTokens;
    const [vector] = alone.value.vectors;
    if (vector !== undefined) vectors.set(input, vector);
  }
  const short = inputs.filter((input) => !mayBeLong(input));
  const rest = short.length > 0 ? await made(make({ ...embedding, inputs: short })) : NONE;
  if (!rest.ok) return rest;
  const others = rest.value.vectors[Symbol.iterator]();
  const ordered = inputs.map((input) => vectors.get(input) ?? others.next().value);
  const all = ordered.filter((vector) => vector !== undefined);
  assert(all.length === inputs.length, 'every input has its vector');
  return ok({ vectors: all, inputTokens: inputTokens + rest.value.inputTokens });
}

const NONE: Made = ok({ vectors: [], inputTokens: 0 });

async function made(asked: Promise<Made> | undefined): Promise<Made> {
  assert(asked !== undefined, 'the engine makes embeddings');
  return await asked;
}
