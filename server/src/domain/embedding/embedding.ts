// What a client of embeddings asks for and what an engine makes of it. Every protocol and every engine means the same.

/** A text, or the tokens of one as the model itself numbers them. */
export type EmbeddingInput = string | readonly number[];

export type Embedding = {
  /** At least one; none is empty. */
  readonly inputs: readonly EmbeddingInput[];
  /** The length of the vectors, where the client wants one that is not the model's own. */
  readonly dimensions?: number;
};

export type Embedded = {
  /** One for each input, in the order of the inputs; each of length 1, or all zeros. */
  readonly vectors: readonly Float32Array[];
  /** Of all inputs together, as the engine counts them. */
  readonly inputTokens: number;
};

/** The same direction with length 1. A text of which a model knows no word has no direction, and stays all zeros. */
export function unitVector(values: ArrayLike<number>): Float32Array {
  const vector = Float32Array.from(values);
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (!(sum > 0) || !Number.isFinite(sum)) return vector.fill(0);
  const length = Math.sqrt(sum);
  return vector.map((value) => value / length);
}
