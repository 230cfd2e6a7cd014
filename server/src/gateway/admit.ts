// May this request run now, and at which price: the model is served and priced, there is room, and what is asked
// for can be done at all. Everything that is decided here is pinned for the request's whole life.

import { mediaIn, type FitToModel } from '../domain/generation/capabilities.ts';
import { checksOf } from '../domain/generation/checked-output.ts';
import { itemText, type Generation } from '../domain/generation/generation.ts';
import type { ModelPrice, PriceBook } from '../domain/pricing/price-book.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { GENERATIONS_MAX, IMAGE_TOKENS_MAX, RETRY_AFTER_OVERLOADED_MS } from '../limits.ts';
import type { Gateway, Load, ServedModel } from './gateway.ts';
import { modelFit } from './model-fit.ts';

export class Admission implements Disposable {
  readonly model: ServedModel;
  readonly price: ModelPrice;
  readonly priceVersion: number;
  /** No input can be longer than this: bytes bound tokens, and the context bounds both. */
  readonly inputTokensMax: number;
  /** Of one answer. */
  readonly outputTokensMax: number;
  /** How many answers: each is a generation of its own. */
  readonly choices: number;
  /** As the model is asked: without what it can't hear. */
  readonly generation: Generation;
  /** What that is, in the client's words. */
  readonly ignored: readonly string[];
  /** The answer is held back until it was checked, and may be asked for a second time. */
  readonly isChecked: boolean;
  readonly #load: Load;

  constructor(load: Load, model: ServedModel, pinned: PinnedPrice, fit: FitToModel) {
    const { generation } = fit;
    this.model = model;
    this.price = pinned.price;
    this.priceVersion = pinned.version;
    this.generation = generation;
    this.ignored = fit.ignored;
    this.isChecked = checksOf(generation, model.capabilities) !== undefined;
    this.outputTokensMax = Math.min(
      generation.outputTokensMax ?? model.outputTokensMax,
      model.outputTokensMax,
    );
    this.choices = generation.choices ?? 1;
    const { contextTokensMax } = model;
    const once = inputTokensBound(generation) + (this.isChecked ? INSTRUCTION_TOKENS : 0);
    // The second time it also reads what it said the first time.
    const again = this.isChecked ? Math.min(once + this.outputTokensMax, contextTokensMax) : 0;
    this.inputTokensMax = Math.min(once, contextTokensMax) + again * this.choices;
    this.#load = load;
    load.generationsRunning += this.choices;
  }

  [Symbol.dispose](): void {
    this.#load.generationsRunning -= this.choices;
  }
}

type PinnedPrice = { readonly price: ModelPrice; readonly version: number };

export function admit(
  gateway: Gateway,
  modelId: string,
  generation: Generation,
  wire: (field: string) => string,
): Result<Admission, Refusal> {
  const model = gateway.models.get(modelId);
  if (model === undefined) return err({ kind: 'model-not-found', model: modelId });
  const pinned = priceOf(gateway.snapshot().priceBook, modelId);
  if (pinned === undefined) return err({ kind: 'model-not-priced', model: modelId });
  const fit = modelFit(model, generation, wire);
  if (!fit.ok) return fit;
  if (gateway.load.generationsRunning >= GENERATIONS_MAX || model.engine.state().kind === 'down') {
    return err({ kind: 'overloaded', retryAfterMs: RETRY_AFTER_OVERLOADED_MS });
  }
  return ok(new Admission(gateway.load, model, pinned, fit.value));
}

function priceOf(book: PriceBook | undefined, modelId: string): PinnedPrice | undefined {
  const price = book?.models.get(modelId);
  return book === undefined || price === undefined ? undefined : { price, version: book.version };
}

/** What a chat template adds around an item: role names, separators, a generation prompt. */
const TEMPLATE_TOKENS_PER_ITEM = 16;
const TEMPLATE_TOKENS = 256;
/** What a model is told where its engine can't keep JSON or a schema by itself, and what was wrong with its answer. */
const INSTRUCTION_TOKENS = 1_024;

/** Every tokenizer in use spends at least one byte of UTF-8 on a token, so bytes are an upper bound. */
export function inputTokensBound(generation: Generation): number {
  let bytes = TEMPLATE_TOKENS + TEMPLATE_TOKENS_PER_ITEM * generation.items.length;
  for (const item of generation.items) bytes += Buffer.byteLength(itemText(item));
  for (const part of mediaIn(generation.items)) {
    // A page of PDF holds more than its bytes show, so a document may fill the context.
    bytes += part.kind === 'image' ? IMAGE_TOKENS_MAX : Number.POSITIVE_INFINITY;
  }
  if (generation.tools.length > 0) bytes += Buffer.byteLength(JSON.stringify(generation.tools));
  if (generation.output.kind === 'json-schema') {
    bytes += Buffer.byteLength(JSON.stringify(generation.output.schema));
  }
  return bytes;
}
