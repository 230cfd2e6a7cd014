// Turns texts into vectors of length one: with the GGUF itself through llama.cpp, or through a running server's API.

import { fileURLToPath } from 'node:url';

import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

import type { Api } from './ask-api.ts';

export type Embedder = AsyncDisposable & {
  readonly embed: (texts: readonly string[]) => Promise<number[][]>;
};

export const SHIPPED_EMBEDDER = fileURLToPath(
  new URL('turnpike-embed/turnpike-embed.gguf', import.meta.url),
);

const THREADS = 1;
const TEXTS_PER_REQUEST_MAX = 64;
const TIMEOUT_MS = 60_000;

export async function openRawEmbedder(modelPath: string): Promise<Embedder> {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    logLevel: LlamaLogLevel.error,
    maxThreads: THREADS,
  });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createEmbeddingContext({ threads: THREADS });
  return {
    embed: async (texts) => {
      const vectors: number[][] = [];
      for (const text of texts) vectors.push(unit((await context.getEmbeddingFor(text)).vector));
      return vectors;
    },
    [Symbol.asyncDispose]: () => llama.dispose(),
  };
}

export function apiEmbedder(api: Api): Embedder {
  return {
    embed: async (texts) => {
      const vectors: number[][] = [];
      for (let first = 0; first < texts.length; first += TEXTS_PER_REQUEST_MAX)
        vectors.push(...(await embedBatch(api, texts.slice(first, first + TEXTS_PER_REQUEST_MAX))));
      return vectors;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

type EmbeddingList = { readonly data: readonly { readonly embedding: number[] }[] };

async function embedBatch(api: Api, input: readonly string[]): Promise<number[][]> {
  const response = await fetch(`${api.baseUrl}/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${api.key}` },
    body: JSON.stringify({ model: api.model, input }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok)
    throw new Error(`The API answered ${response.status}: ${await response.text()}`);
  // The wire's word for the shape of the body, which this project's own server writes.
  const list = (await response.json()) as EmbeddingList;
  return list.data.map((one) => unit(one.embedding));
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? [...vector] : vector.map((value) => value / length);
}
