// What becomes of one answer when it has ended: decided before it begins, so that the answer can say so.

import type { Json, Owner, StoredAnswer } from '../domain/stored/answer.ts';
import type { Refusal } from '../domain/refusal.ts';
import { jsonText } from '../lib/json-slices.ts';
import { ok, type Result } from '../lib/result.ts';
import type {
  AnswerFacts,
  AnswerRecord,
  Decoded,
  Encoder,
  Ending,
  Keeping,
} from '../protocols/protocol.ts';
import type { Memory, Place } from './memory.ts';

/** What a generation needs to know of where its answer goes. */
export interface AnswerKeeper {
  /** Whether the answer may promise that it can be found later. */
  readonly stores: boolean;
  /** Fields of the request that have no effect. */
  readonly ignored: readonly string[];
  /**
   * Keeps the answer, so that who has seen its end finds it; the ending is then as it may be told. Undefined where there
   * is nothing to keep, so that the common case costs no promise.
   */
  keep(encoder: Encoder, facts: AnswerFacts, ending: Ending): Promise<Ending> | undefined;
}

export class Keeper implements AnswerKeeper {
  readonly #memory: Memory;
  readonly #owner: Owner;
  readonly #keeping: Keeping | undefined;
  readonly #place: Place;
  readonly #isLarge: boolean;
  readonly ignored: readonly string[];

  private constructor(
    memory: Memory,
    owner: Owner,
    decoded: Decoded,
    kept: { readonly place: Place; readonly isLarge: boolean },
  ) {
    const { place, isLarge } = kept;
    const { keeping, ignored = [] } = decoded;
    this.#memory = memory;
    this.#owner = owner;
    this.#keeping = keeping;
    this.#place = place;
    this.#isLarge = isLarge;
    const inVain = keeping?.store === 'asked' && place !== 'stored';
    this.ignored = inVain ? [...ignored, 'store'] : ignored;
  }

  static of(
    memory: Memory,
    owner: Owner,
    decoded: Decoded,
    isLarge = false,
  ): Result<Keeper, Refusal> {
    const { keeping } = decoded;
    const place = keeping === undefined ? ok('nowhere' as const) : memory.placeOf(owner, keeping);
    if (!place.ok) return place;
    return ok(new Keeper(memory, owner, decoded, { place: place.value, isLarge }));
  }

  get stores(): boolean {
    return this.#place === 'stored';
  }

  keep(encoder: Encoder, facts: AnswerFacts, ending: Ending): Promise<Ending> | undefined {
    const keeping = this.#keeping;
    if (keeping === undefined || this.#place === 'nowhere') return undefined;
    const record = encoder.record?.(ending);
    if (record === undefined) return undefined;
    if (this.#isLarge) return this.#writeLarge(keeping, record, facts, ending);
    return this.#write(storedAnswer(keeping, record, facts), ending);
  }

  async #writeLarge(
    keeping: Keeping,
    record: AnswerRecord,
    facts: AnswerFacts,
    ending: Ending,
  ): Promise<Ending> {
    const input = await jsonText(keeping.input(facts));
    return await this.#write(storedAnswer(keeping, record, facts, input), ending);
  }

  async #write(answer: StoredAnswer, ending: Ending): Promise<Ending> {
    const kept = await this.#memory.keep(this.#owner, answer, this.#place);
    return kept || !this.stores ? ending : { ...ending, forgotten: true };
  }
}

/** What the store gets: the record with what only the request knows. */
export function storedAnswer(
  keeping: Keeping,
  record: AnswerRecord,
  facts: AnswerFacts,
  input: Json = JSON.stringify(keeping.input(facts)),
): StoredAnswer {
  const { kind, metadata, previousId, conversationId, background } = keeping;
  const { id, status, body, output } = record;
  return {
    id,
    status,
    body,
    output,
    kind,
    model: facts.model,
    createdAtMs: facts.createdAtSeconds * 1000,
    input,
    metadata,
    background,
    ...(previousId !== undefined && { previousId }),
    ...(conversationId !== undefined && { conversationId }),
  };
}
