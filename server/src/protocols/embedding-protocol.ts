// What a protocol of embeddings is: as protocol.ts, a pure codec, but with one vector for each input as its answer.

import type { Embedded, Embedding } from '../domain/embedding/embedding.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Result } from '../lib/result.ts';
import type { ProtocolHeaders, RefusalAnswer } from './protocol.ts';

export type DecodedEmbedding = {
  readonly model: string;
  readonly embedding: Embedding;
  /** Fields that the schema does not know, by their paths. */
  readonly unknown: readonly string[];
  /** For whom it is, as its client names them. */
  readonly endUser?: string;
  /** The body of the answer. `model` is the public id. */
  answer(embedded: Embedded, model: string): string;
};

export interface EmbeddingProtocol {
  readonly name: string;
  readonly route: { readonly method: 'POST'; readonly path: string };
  decode(body: unknown): Result<DecodedEmbedding, Refusal>;
  refusal(refusal: Refusal, requestId: string): RefusalAnswer;
  headers(requestId: string): ProtocolHeaders;
}
