// What becomes of one answer when it has ended: decided before it begins, so that the answer can say so.

import type { Owner, StoredAnswer } from '../domain/stored/answer.ts';
import type { Refusal } from '../domain/refusal.ts';
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
  readonly ignored: readonly string[];

  private constructor(memory: Memory, owner: Owner, decoded: Decoded, place: Place) {
    const { keeping, ignored = [] } = decoded;
    this.#memory = memory;
    this.#owner = owner;
    this.#keeping = keeping;
    this.#place = place;
    const inVain = keeping?.store === 'asked' && place !== 'stored';
    this.ignored = inVain ? [...ignored, 'store'] : ignored;
  }

  static of(memory: Memory, owner: Owner, decoded: Decoded): Result<Keeper, Refusal> {
    const { keeping } = decoded;
    const place = keeping === undefined ? ok('nowhere' as const) : memory.placeOf(owner, keeping);
    return place.ok ? ok(new Keeper(memory, owner, decoded, place.value)) : place;
  }

  get stores(): boolean {
    return this.#place === 'stored';
  }

  keep(encoder: Encoder, facts: AnswerFacts, ending: Ending): Promise<Ending> | undefined {
    const keeping = this.#keeping;
    if (keeping === undefined || this.#place === 'nowhere') return undefined;
    const record = encoder.record?.(ending);
    return record && this.#write(storedAnswer(keeping, record, facts), ending);
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
    input: keeping.input(facts),
    metadata,
    background,
    ...(previousId !== undefined && { previousId }),
    ...(conversationId !== undefined && { conversationId }),
  };
}
