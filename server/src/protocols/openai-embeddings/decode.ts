// Embeddings request → Embedding, and the way back. The official client asks for base64 unless it is told otherwise.
// Source: OpenAI's published OpenAPI document, schemas CreateEmbeddingRequest and CreateEmbeddingResponse.

import { z } from 'zod';
import type { Embedded } from '../../domain/embedding/embedding.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { EMBEDDING_DIMENSIONS_MAX, MODEL_NAME_CHARACTERS_MAX } from '../../limits.ts';
import type { DecodedEmbedding } from '../embedding-protocol.ts';
import { firstIssue } from '../first-issue.ts';
import { termsOf } from '../service-tiers.ts';
import { unknownFields } from '../unknown-fields.ts';
import { readInputs } from './inputs.ts';

export const embeddingsRequest = z.object({
  model: z.string().min(1).max(MODEL_NAME_CHARACTERS_MAX),
  /** See inputs.ts. */
  input: z.unknown(),
  dimensions: z.int().min(1).max(EMBEDDING_DIMENSIONS_MAX).nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  /** For whom: it is on the usage row. */
  user: z.string().nullish(),
});

export type EmbeddingsRequest = z.infer<typeof embeddingsRequest>;

export function decodeEmbeddings(body: unknown): Result<DecodedEmbedding, Refusal> {
  const parsed = embeddingsRequest.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const { model, input, dimensions, encoding_format: format } = parsed.data;
  const inputs = readInputs(input);
  if (!inputs.ok) return inputs;
  const encode = format === 'base64' ? base64Of : (vector: Float32Array) => [...vector];
  return ok({
    model,
    ...termsOf(undefined, parsed.data.user),
    unknown: unknownFields(embeddingsRequest, body),
    embedding: { inputs: inputs.value, ...(dimensions != null && { dimensions }) },
    answer: (embedded, publicModel) => answerOf(embedded, publicModel, encode),
  });
}

function answerOf(
  { vectors, inputTokens }: Embedded,
  model: string,
  encode: (vector: Float32Array) => string | readonly number[],
): string {
  return JSON.stringify({
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encode(vector),
    })),
    model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  });
}

/** Numbers of 32 bits, the low byte first, whatever machine this is. */
function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  for (const [at, value] of vector.entries()) {
    bytes.writeFloatLE(value, at * Float32Array.BYTES_PER_ELEMENT);
  }
  return bytes.toString('base64');
}
