// Vectors of texts, through llama.cpp: one text after the other, each with what the model puts around it.

import type { LlamaEmbeddingContext, LlamaModel, Token } from 'node-llama-cpp';

import { unitVector } from '../../../domain/embedding/embedding.ts';
import type { EmbeddingInput } from '../../../domain/embedding/embedding.ts';
import type { EngineFailure } from '../../../domain/generation/engine-failure.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import type { HostSettings, VectorBatch } from '../host-protocol.ts';
import type { LlamaModelFacts } from '../model-facts.ts';
import { LLAMA_DEFAULTS } from '../options.ts';
import type { LlamaStartFailure } from '../start-failure.ts';
import { factsOf, openModel } from './load-model.ts';

export type Embedder = {
  readonly facts: LlamaModelFacts;
  readonly embed: (
    inputs: readonly EmbeddingInput[],
  ) => Promise<Result<VectorBatch, EngineFailure>>;
};

export async function loadEmbedder(
  settings: HostSettings,
  onProgress: (fraction: number) => void,
): Promise<Result<Embedder, LlamaStartFailure>> {
  return await openModel(settings, onProgress, async (model) => {
    const { trainContextSize } = model;
    const contextSize =
      settings.contextTokens ?? Math.min(LLAMA_DEFAULTS.contextTokens, trainContextSize);
    // A model that reads in both directions must see a text in one batch.
    const context = await model.createEmbeddingContext({
      contextSize,
      batchSize: contextSize,
      threads: settings.threads,
    });
    const { tokens } = model.fileInfo.metadata.tokenizer.ggml;
    const known = { contextTokens: contextSize, slots: 1, tokens, ownTemplate: false };
    const facts = { ...(await factsOf(settings, model, known)), width: model.embeddingVectorSize };
    const width = model.embeddingVectorSize;
    const reading = { model, context, vocabulary: tokens.length, contextSize, width };
    return { facts, embed: (inputs) => embedAll(reading, inputs) };
  });
}

type Reading = {
  readonly model: LlamaModel;
  readonly context: LlamaEmbeddingContext;
  /** How many tokens the model knows. */
  readonly vocabulary: number;
  readonly contextSize: number;
  readonly width: number;
};

async function embedAll(
  reading: Reading,
  inputs: readonly EmbeddingInput[],
): Promise<Result<VectorBatch, EngineFailure>> {
  const vectors: string[] = [];
  let inputTokens = 0;
  for (const input of inputs) {
    const tokens = tokensOf(reading, input);
    if (!tokens.ok) return tokens;
    // White space, to many a vocabulary: llama.cpp makes no vector of it.
    if (tokens.value.length === 0) {
      vectors.push(base64Of(new Float32Array(reading.width)));
      continue;
    }
    const length = reading.context.calculateInputLength([...tokens.value]);
    const tokensMax = reading.contextSize - 1;
    if (length > tokensMax) return err({ kind: 'context-length', tokens: length, tokensMax });
    const { vector } = await reading.context.getEmbeddingFor(tokens.value);
    inputTokens += length;
    vectors.push(base64Of(unitVector(vector)));
  }
  return ok({ vectors, inputTokens });
}

function base64Of(vector: Float32Array): string {
  return Buffer.from(vector.buffer).toString('base64');
}

/** Names of control tokens in a text are text. */
function tokensOf(
  { model, vocabulary }: Reading,
  input: EmbeddingInput,
): Result<Token[], EngineFailure> {
  if (typeof input === 'string') return ok(model.tokenize(input, false));
  const stray = input.find((token) => token >= vocabulary);
  // A token is its place in the vocabulary.
  if (stray === undefined) return ok([...input] as Token[]);
  const message = `The model has no token ${stray}; its tokens are 0 to ${vocabulary - 1}.`;
  return err({ kind: 'rejected', message, field: 'input' });
}
