// Loads llama.cpp and the model, and says in our own terms what went wrong if it can't.

import { stat } from 'node:fs/promises';

import type * as NodeLlamaCpp from 'node-llama-cpp';
import type { GgufFileInfo, Llama, LlamaContext, LlamaModel, Token } from 'node-llama-cpp';

import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import type { HostSettings } from '../host-protocol.ts';
import type { LlamaModelFacts } from '../model-facts.ts';
import { LLAMA_DEFAULTS } from '../options.ts';
import type { LlamaStartFailure } from '../start-failure.ts';
import { PROMPT_PIECE_TOKENS, takingTurns } from './batch-order.ts';
import { CHATML, ChatTemplate } from './chat-template.ts';
import { ConstrainedTokens } from './constrained-tokens.ts';
import type { Vocabulary } from './constrained-tokens.ts';
import { Grammars } from './grammars.ts';
import { loadFailure } from './load-failure.ts';
import { tagPattern } from './prompt.ts';
import type { PromptMaker } from './prompt.ts';
import { THINK_CLOSE, THINK_OPEN } from './reasoning-split.ts';
import { Slots } from './slots.ts';
import { TOOL_CALL_CLOSE, TOOL_CALL_OPEN } from './tool-call-split.ts';

type Library = typeof NodeLlamaCpp;

export type LoadedModel = {
  readonly model: LlamaModel;
  readonly promptMaker: PromptMaker;
  readonly slots: Slots;
  readonly contextTokens: number;
  /** Tokens that are shown as text although they are control tokens. */
  readonly spelled: ReadonlyMap<Token, string>;
  readonly grammars: Grammars;
  readonly constrained: ConstrainedTokens;
  readonly vocabulary: Vocabulary;
  readonly facts: LlamaModelFacts;
};

/** GGUF's token type for tags that a tokeniser finds in plain text too. */
const USER_DEFINED = 4;
/** GGUF's token type for those that are no text. */
const CONTROL = 3;
const NORMAL = 1;

export async function loadModel(
  settings: HostSettings,
  onProgress: (fraction: number) => void,
): Promise<Result<LoadedModel, LlamaStartFailure>> {
  return await openModel(settings, onProgress, (model, library) =>
    prepare(settings, library, model),
  );
}

/** What `prepare` throws is a failure to start, too. */
export async function openModel<T>(
  settings: HostSettings,
  onProgress: (fraction: number) => void,
  prepareIt: (model: LlamaModel, library: Library) => Promise<T>,
): Promise<Result<T, LlamaStartFailure>> {
  const complaints: string[] = [];
  try {
    // Imported here and not above, so that the process has its niceness before llama.cpp starts threads.
    const library = await import('node-llama-cpp');
    const llama = await loadLlama(library, settings, complaints);
    const model = await llama.loadModel({
      modelPath: settings.modelPath,
      onLoadProgress: onProgress,
      ...(settings.gpu === false ? { gpuLayers: 0 } : {}),
    });
    return ok(await prepareIt(model, library));
  } catch (error) {
    return err(loadFailure(settings.modelPath, error, complaints));
  }
}

async function loadLlama(
  { getLlama, LlamaLogLevel }: Library,
  settings: HostSettings,
  complaints: string[],
): Promise<Llama> {
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

async function prepare(
  settings: HostSettings,
  library: Library,
  model: LlamaModel,
): Promise<LoadedModel> {
  const { llama } = model;
  const contextTokens =
    settings.contextTokens ?? Math.min(LLAMA_DEFAULTS.contextTokens, model.trainContextSize);
  const context = await createContext(settings, model, contextTokens);
  const vocabulary = vocabularyOf(model.fileInfo);
  const { tokens, types } = vocabulary;
  const spelled = spelledTokens(tokens);
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  return {
    model,
    contextTokens,
    slots: new Slots(context),
    promptMaker: {
      model,
      template: chatTemplate(source ?? CHATML),
      tags: tagPattern(tokens.filter((_, i) => types[i] === USER_DEFINED)),
      allTags: tagPattern(
        tokens.filter((_, i) => types[i] === USER_DEFINED || types[i] === CONTROL),
      ),
      canThink: canThink(tokens),
      vocabulary: tokens.length,
    },
    spelled,
    vocabulary,
    grammars: new Grammars({
      read: (grammar) => llama.createGrammar({ grammar }),
      start: (grammar) => new library.LlamaGrammarEvaluationState({ model, grammar }),
    }),
    constrained: new ConstrainedTokens(() => library.TokenBias.for(model), vocabulary, spelled),
    facts: await factsOf(settings, model, {
      contextTokens,
      slots: context.totalSequences,
      tokens,
      ownTemplate: source !== undefined,
    }),
  };
}

function canThink(tokens: readonly string[]): boolean {
  return [THINK_OPEN, THINK_CLOSE].every((tag) => tokens.includes(tag));
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

export function vocabularyOf({ metadata }: GgufFileInfo): Vocabulary {
  const { tokens, token_type: types, model } = metadata.tokenizer.ggml;
  return {
    tokens,
    types: types ?? tokens.map(() => NORMAL),
    isByteLevel: model === 'gpt2',
  };
}

const TAGS = [THINK_OPEN, THINK_CLOSE, TOOL_CALL_OPEN, TOOL_CALL_CLOSE];

function spelledTokens(tokens: readonly string[]): ReadonlyMap<Token, string> {
  const spelled = new Map<Token, string>();
  for (const [i, text] of tokens.entries()) {
    // A token is its place in the vocabulary, which is what the library's branded number stands for.
    if (TAGS.includes(text)) spelled.set(i as Token, text);
  }
  return spelled;
}

export async function factsOf(
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
    canThink: canThink(known.tokens),
    tokenBytesMax: known.tokens.reduce((max, text) => Math.max(max, Buffer.byteLength(text)), 1),
  };
}
