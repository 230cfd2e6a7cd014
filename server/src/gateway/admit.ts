// May this request run now, and at which price: the model is served and priced, there is room, and what is asked
// for can be done at all. Everything that is decided here is pinned for the request's whole life.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import type { Embedding, EmbeddingInput } from '../domain/embedding/embedding.ts';
import { mediaIn, type FitToModel } from '../domain/generation/capabilities.ts';
import { checksOf } from '../domain/generation/checked-output.ts';
import { itemText, type Generation, type RawPrompt } from '../domain/generation/generation.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import type { ServiceTier } from '../domain/pricing/service-tier.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { jsonByteLength } from '../lib/json-slices.ts';
import { GENERATIONS_MAX, IMAGE_TOKENS_MAX, RETRY_AFTER_OVERLOADED_MS } from '../limits.ts';
import type { Gateway, Load, ServedModel } from './gateway.ts';
import { modelFit } from './model-fit.ts';
import { modelFor, type Offered } from './model-for.ts';

/** What must be known to pay for a request: for conversations and for embeddings. */
export class Admission implements Disposable {
  readonly model: ServedModel;
  readonly price: ModelPrice;
  readonly priceVersion: number;
  /** The one that is used, which the price is of. */
  readonly tier: ServiceTier;
  /** So much input is held for: bytes bound tokens, and the context bounds both. */
  inputTokensMax: number;
  /** Of one answer. */
  outputTokensMax: number;
  /** How many answers: each is a generation of its own. */
  readonly choices: number;
  /** How many prompts they share. */
  readonly prompts: number;
  /** The answer is seen to grow, so a first grant of its output is enough. */
  readonly grows: boolean;
  readonly #load: Load;

  constructor(load: Load, { model, pinned }: Offered, demand: Demand) {
    this.model = model;
    this.price = pinned.price;
    this.priceVersion = pinned.version;
    this.tier = pinned.tier;
    this.inputTokensMax = demand.inputTokensMax;
    this.outputTokensMax = demand.outputTokensMax;
    this.choices = demand.choices;
    this.prompts = demand.prompts;
    this.grows = demand.grows;
    this.#load = load;
    load.generationsRunning += this.choices;
  }

  [Symbol.dispose](): void {
    this.#load.generationsRunning -= this.choices;
  }
}

/** Of a conversation. */
export class GenerationAdmission extends Admission {
  /** As the model is asked: without what it can't hear. */
  readonly generation: Generation;
  /** What that is, in the client's words. */
  readonly ignored: readonly string[];
  /** The client's name of a field of the hub. */
  readonly wire: Wire;
  /** Input and output fit the model's window, or the engine sees to it. */
  readonly surelyFits: boolean;
  readonly #bound: number;

  constructor(load: Load, offered: Offered, { generation, ignored, wire, bound }: Asked) {
    super(load, offered, demandOf(generation, offered.model, bound));
    this.generation = generation;
    this.ignored = ignored;
    this.wire = wire;
    this.#bound = bound;
    const { engineKeepsWindow, contextTokensMax } = offered.model;
    this.surelyFits =
      engineKeepsWindow === true || bound + this.outputTokensMax <= contextTokensMax;
  }

  /** The longest prompt has so many tokens, and the window is for both. */
  leaveRoomFor(tokens: number): void {
    this.outputTokensMax = Math.min(this.outputTokensMax, this.model.contextTokensMax - tokens);
  }

  /** Nobody knows how long it is: all that its bytes can be, where they say anything. */
  holdForBytes(): void {
    const beyond = this.#bound - this.model.contextTokensMax * this.prompts;
    if (Number.isFinite(beyond) && beyond > 0) this.inputTokensMax += beyond;
  }
}

type Wire = (field: string) => string;
type Asked = FitToModel & { readonly wire: Wire; readonly bound: number };
type Demand = Pick<
  Admission,
  'inputTokensMax' | 'outputTokensMax' | 'choices' | 'prompts' | 'grows'
>;

type Asking = {
  readonly caller: KeyEntry;
  /** What the client wishes for. */
  readonly tier: ServiceTier | undefined;
  readonly wire: Wire;
  /** `inputTokensBound`, where it was counted before. */
  readonly bound: number | undefined;
};

export function admit(
  gateway: Gateway,
  modelId: string,
  generation: Generation,
  { caller, tier, wire, bound }: Asking,
): Result<GenerationAdmission, Refusal> {
  const offered = modelFor(gateway, caller, modelId, tier);
  if (!offered.ok) return told(gateway, offered.error);
  const stopped = stop(gateway, caller);
  if (stopped !== undefined) return err(stopped);
  const { model } = offered.value;
  if (model.task === 'embedding') return err(embeddingsAlone(modelId));
  const fit = modelFit(model, generation, wire);
  if (!fit.ok) return fit;
  if (isFull(gateway, model)) return err(OVERLOADED);
  const asked = { ...fit.value, wire, bound: bound ?? inputTokensBound(fit.value.generation) };
  return ok(new GenerationAdmission(gateway.load, offered.value, asked));
}

export function admitEmbedding(
  gateway: Gateway,
  caller: KeyEntry,
  modelId: string,
  { inputs }: Embedding,
): Result<Admission, Refusal> {
  const offered = modelFor(gateway, caller, modelId);
  if (!offered.ok) return told(gateway, offered.error);
  const stopped = stop(gateway, caller);
  if (stopped !== undefined) return err(stopped);
  const { model } = offered.value;
  if (model.task !== 'embedding') return err(wrongTask(modelId, 'makes no embeddings'));
  if (isFull(gateway, model)) return err(OVERLOADED);
  const inputTokensMax = inputs.reduce(
    (sum, input) => sum + Math.min(embeddingTokensBound(input), model.contextTokensMax),
    0,
  );
  const once = { outputTokensMax: 0, choices: 1, prompts: 1, grows: false };
  return ok(new Admission(gateway.load, offered.value, { ...once, inputTokensMax }));
}

/** Again, after its body has been read: that may have taken minutes. */
function stop({ snapshot }: Gateway, caller: KeyEntry): Refusal | undefined {
  const frozen = snapshot().freezes?.of(caller);
  if (frozen !== undefined) return { kind: 'frozen', scope: frozen.scope };
  return caller.frozen === true ? { kind: 'organisation-frozen' } : undefined;
}

/** Nobody can buy what has no price: its operator should hear of it, and not from customers alone. */
function told({ log }: Gateway, refusal: Refusal): Result<never, Refusal> {
  if (refusal.kind === 'model-not-priced') {
    log.error({ model: refusal.model }, 'a model is asked for and has no price in force');
  }
  return err(refusal);
}

const OVERLOADED: Refusal = { kind: 'overloaded', retryAfterMs: RETRY_AFTER_OVERLOADED_MS };

function isFull({ load }: Gateway, { engine }: ServedModel): boolean {
  return load.generationsRunning >= GENERATIONS_MAX || engine.state().kind === 'down';
}

/** Why a conversation can't be had with it. */
export function embeddingsAlone(modelId: string): Refusal {
  return wrongTask(modelId, 'makes embeddings alone');
}

function wrongTask(modelId: string, what: string): Refusal {
  const message = `The model '${modelId}' ${what}; choose another from GET /v1/models.`;
  return { kind: 'invalid-request', field: 'model', message };
}

function demandOf(generation: Generation, model: ServedModel, bound: number): Demand {
  const { contextTokensMax } = model;
  const { choices = 1, rawPrompts = [''], delivery } = generation;
  const prompts = rawPrompts.length;
  const outputTokensMax = Math.min(
    generation.outputTokensMax ?? model.outputTokensMax,
    model.outputTokensMax,
  );
  // A checked answer is held back until it was checked, and may be asked for a second time.
  const isChecked = checksOf(generation, model.capabilities) !== undefined;
  const once = bound + (isChecked ? INSTRUCTION_TOKENS : 0);
  // The second time it also reads what it said the first time.
  const againMax = contextTokensMax + (model.engineKeepsWindow === true ? 0 : INSTRUCTION_TOKENS);
  const again = isChecked ? Math.min(once + outputTokensMax, againMax) : 0;
  return {
    inputTokensMax: Math.min(once, contextTokensMax * prompts) + again * choices,
    outputTokensMax,
    choices,
    prompts,
    // What comes at its end, however it is delivered, is not seen to grow.
    grows: delivery === 'stream' && !isChecked,
  };
}

/** What a chat template adds around an item: role names, separators, a generation prompt. */
const TEMPLATE_TOKENS_PER_ITEM = 16;
const TEMPLATE_TOKENS = 256;
/** What a model is told where its engine can't keep JSON or a schema by itself, and what was wrong with its answer. */
const INSTRUCTION_TOKENS = 1_024;

/** Every tokenizer in use spends at least one byte of UTF-8 on a token, so bytes are an upper bound. */
export function inputTokensBound(generation: Generation): number {
  let bytes = textBytesBound(generation);
  if (generation.tools.length > 0) bytes += Buffer.byteLength(JSON.stringify(generation.tools));
  if (generation.output.kind === 'json-schema') {
    bytes += Buffer.byteLength(JSON.stringify(generation.output.schema));
  }
  return bytes;
}

/** The same of a request that takes long to count. */
export async function largeInputTokensBound(generation: Generation): Promise<number> {
  let bytes = textBytesBound(generation);
  await nextTurn();
  if (generation.tools.length > 0) bytes += await jsonByteLength(generation.tools);
  if (generation.output.kind === 'json-schema') {
    bytes += await jsonByteLength(generation.output.schema);
  }
  return bytes;
}

function textBytesBound(generation: Generation): number {
  const { rawPrompts } = generation;
  if (rawPrompts !== undefined) return rawPrompts.reduce((sum, raw) => sum + rawBound(raw), 0);
  let bytes = TEMPLATE_TOKENS + TEMPLATE_TOKENS_PER_ITEM * generation.items.length;
  for (const item of generation.items) bytes += Buffer.byteLength(itemText(item));
  for (const part of mediaIn(generation.items)) {
    // A page of PDF holds more than its bytes show, so a document may fill the context.
    bytes += part.kind === 'image' ? IMAGE_TOKENS_MAX : Number.POSITIVE_INFINITY;
  }
  return bytes;
}

/** Tokens are as many as they are; a text gets a beginning, where the model has a token for that. */
function rawBound(prompt: RawPrompt): number {
  return typeof prompt === 'string' ? Buffer.byteLength(prompt) + TOKENS_AROUND : prompt.length;
}

/** What models put around a text that has no template: its beginning and its end. */
const TOKENS_AROUND = 8;

export function embeddingTokensBound(input: EmbeddingInput): number {
  const tokens = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
  return tokens + TOKENS_AROUND;
}
