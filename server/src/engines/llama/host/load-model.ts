// Loads llama.cpp and the model, and says in our own terms what went wrong if it can't.

import { stat } from 'node:fs/promises';

import type { GgufFileInfo, Llama, LlamaContext, LlamaModel, Token } from 'node-llama-cpp';

import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import type { HostSettings } from '../host-protocol.ts';
import type { LlamaModelFacts } from '../model-facts.ts';
import { LLAMA_DEFAULTS } from '../options.ts';
import type { LlamaStartFailure } from '../start-failure.ts';
import { PROMPT_PIECE_TOKENS, takingTurns } from './batch-order.ts';
import { CHATML, ChatTemplate } from './chat-template.ts';
import { loadFailure } from './load-failure.ts';
import { tagPattern } from './prompt.ts';
import type { PromptMaker } from './prompt.ts';
import { THINK_CLOSE, THINK_OPEN } from './reasoning-split.ts';
import { Slots } from './slots.ts';

export type LoadedModel = {
  readonly model: LlamaModel;
  readonly promptMaker: PromptMaker;
  readonly slots: Slots;
  readonly contextTokens: number;
  /** Tokens that are shown as text although they are control tokens. */
  readonly spelled: ReadonlyMap<Token, string>;
  readonly facts: LlamaModelFacts;
};

/** GGUF's token type for tags that a tokeniser finds in plain text too. */
const USER_DEFINED = 4;

export async function loadModel(
  settings: HostSettings,
  onProgress: (fraction: number) => void,
): Promise<Result<LoadedModel, LlamaStartFailure>> {
  const complaints: string[] = [];
  try {
    const llama = await loadLlama(settings, complaints);
    const model = await llama.loadModel({
      modelPath: settings.modelPath,
      onLoadProgress: onProgress,
      ...(settings.gpu === false ? { gpuLayers: 0 } : {}),
    });
    return ok(await prepare(settings, model));
  } catch (error) {
    return err(loadFailure(settings.modelPath, error, complaints));
  }
}

async function loadLlama(settings: HostSettings, complaints: string[]): Promise<Llama> {
  // Imported here and not above, so that the process has its niceness before llama.cpp starts threads.
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  return await getLlama({
    gpu: settings.gpu,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    maxThreads: settings.threads,
    logLevel: LlamaLogLevel.error,
    logger: (_level, message) => void complaints.push(message.trim()),
  });
}

async function prepare(settings: HostSettings, model: LlamaModel): Promise<LoadedModel> {
  const contextTokens =
    settings.contextTokens ?? Math.min(LLAMA_DEFAULTS.contextTokens, model.trainContextSize);
  const context = await createContext(settings, model, contextTokens);
  const { tokens, types } = vocabulary(model.fileInfo);
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  return {
    model,
    contextTokens,
    slots: new Slots(context),
    promptMaker: {
      model,
      template: chatTemplate(source ?? CHATML),
      tags: tagPattern(tokens.filter((_, i) => types[i] === USER_DEFINED)),
    },
    spelled: spelledTokens(tokens),
    facts: await factsOf(settings, model, {
      contextTokens,
      slots: context.totalSequences,
      tokens,
      ownTemplate: source !== undefined,
    }),
  };
}

/** With half the slots, and half of that, while the memory does not suffice and nobody asked for a number of slots. */
async function createContext(
  settings: HostSettings,
  model: LlamaModel,
  contextTokens: number,
): Promise<LlamaContext> {
  for (let slots = settings.slots; ; slots = Math.ceil(slots / 2)) {
    try {
      return await model.createContext({
        contextSize: contextTokens,
        sequences: slots,
        threads: settings.threads,
        batchSize: Math.max(PROMPT_PIECE_TOKENS, slots),
        batching: { itemPrioritizationStrategy: takingTurns() },
        failedCreationRemedy: false,
      });
    } catch (error) {
      if (!settings.fewerSlotsAllowed || slots === 1) throw error;
    }
  }
}

/** Throws with words that name the cause. */
function chatTemplate(source: string): ChatTemplate {
  try {
    return new ChatTemplate(source);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new Error(`its chat template can't be read: ${detail}`, { cause: error });
  }
}

function vocabulary({ metadata }: GgufFileInfo): {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
} {
  const { tokens, token_type: types } = metadata.tokenizer.ggml;
  return { tokens, types: types ?? [] };
}

function spelledTokens(tokens: readonly string[]): ReadonlyMap<Token, string> {
  const spelled = new Map<Token, string>();
  for (const [i, text] of tokens.entries()) {
    // A token is its place in the vocabulary, which is what the library's branded number stands for.
    if (text === THINK_OPEN || text === THINK_CLOSE) spelled.set(i as Token, text);
  }
  return spelled;
}

async function factsOf(
  settings: HostSettings,
  model: LlamaModel,
  known: {
    readonly contextTokens: number;
    readonly slots: number;
    readonly tokens: readonly string[];
    readonly ownTemplate: boolean;
  },
): Promise<LlamaModelFacts> {
  const { metadata, fullTensorInfo } = model.fileInfo;
  const modelName = metadata.general?.name;
  const elements = (fullTensorInfo ?? []).map(({ dimensions }) =>
    dimensions.reduce<number>((product, size) => product * Number(size), 1),
  );
  return {
    ...(modelName === undefined ? {} : { modelName }),
    architecture: metadata.general.architecture,
    parameters: elements.reduce((sum, count) => sum + count, 0),
    // llama.cpp says such as "llama 8B Q4_K - Medium".
    quantisation: model.typeDescription.split(' ').slice(2).join(' '),
    sizeBytes: (await stat(settings.modelPath)).size,
    trainingContextTokens: model.trainContextSize,
    contextTokens: known.contextTokens,
    slots: known.slots,
    threads: settings.threads,
    chatTemplate: known.ownTemplate ? 'of-the-file' : 'chatml',
    tokenBytesMax: known.tokens.reduce((max, text) => Math.max(max, Buffer.byteLength(text)), 1),
  };
}
