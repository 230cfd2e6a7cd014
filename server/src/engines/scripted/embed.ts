// Vectors by rule: texts that share words lie close together, and the same text gives the same vector, always.

import { unitVector } from '../../domain/embedding/embedding.ts';
import type { Embedded, Embedding, EmbeddingInput } from '../../domain/embedding/embedding.ts';
import { hash32 } from '../../lib/hash32.ts';

const WIDTH = 64;

/** `dimensions` shorter than that cuts the tail off, longer ones get zeros. */
export function embedByRule({ inputs, dimensions = WIDTH }: Embedding): Embedded {
  const words = inputs.map(wordsOf);
  return {
    vectors: words.map((some) => vectorOf(some, dimensions)),
    inputTokens: words.reduce((sum, some) => sum + Math.max(1, some.length), 0),
  };
}

function wordsOf(input: EmbeddingInput): readonly string[] {
  return typeof input === 'string' ? (input.match(/\S+/g) ?? []) : input.map(String);
}

function vectorOf(words: readonly string[], dimensions: number): Float32Array {
  const sums = new Float32Array(Math.max(WIDTH, dimensions));
  for (const word of words) {
    for (let at = 0; at < WIDTH; at += 1) {
      // From -1 to 1, by the word and the place.
      const value = hash32(`${at} ${word.toLowerCase()}`) / 2 ** 31 - 1;
      sums[at] = (sums[at] ?? 0) + value;
    }
  }
  return unitVector(sums.slice(0, dimensions));
}
