// What is kept between requests, in memory, for tests: the same promises as the PostgreSQL adapter, until the process
// ends.

import type { AnswerKind, Owner, StoredAnswer } from '../../domain/stored/answer.ts';
import { err, ok } from '../../lib/result.ts';
import { EARLIER_RESPONSES_MAX, STORED_BYTES_PROJECT_MAX } from '../../limits.ts';
import type { Asked, Chain, Kept, ResponseStore } from '../../ports/response-store.ts';

type Row = {
  readonly owner: Owner;
  readonly answer: StoredAnswer;
  readonly expiresAtMs: number;
};

export class MemoryResponseStore implements ResponseStore {
  readonly #nowMs: () => number;
  readonly #bytesProjectMax: number;
  readonly #answers = new Map<string, Row>();
  /** Shut: as if it could not be reached. */
  shut = false;

  constructor(nowMs: () => number, bytesProjectMax = STORED_BYTES_PROJECT_MAX) {
    this.#nowMs = nowMs;
    this.#bytesProjectMax = bytesProjectMax;
  }

  available(): boolean {
    return !this.shut;
  }

  keep(owner: Owner, answer: StoredAnswer, expiresAtMs: number): Asked<Kept> {
    return this.#ask(() => {
      if (this.#bytesOf(owner) + bytesOf(answer) > this.#bytesProjectMax) return 'full';
      this.#answers.set(answer.id, { owner, answer, expiresAtMs });
      return 'kept';
    });
  }

  answer(owner: Owner, kind: AnswerKind, id: string): Asked<StoredAnswer | undefined> {
    return this.#ask(() => this.#find(owner, kind, id));
  }

  chain(owner: Owner, id: string): Asked<Chain> {
    return this.#ask(() => {
      const answers: StoredAnswer[] = [];
      for (let next: string | undefined = id; next !== undefined;) {
        const answer = this.#find(owner, 'response', next);
        if (answer === undefined) return { kind: 'missing', id: next };
        answers.unshift(answer);
        if (answers.length > EARLIER_RESPONSES_MAX) return { kind: 'too-long' };
        next = answer.previousId;
      }
      return { kind: 'found', answers };
    });
  }

  #find({ organisationId, projectId }: Owner, kind: AnswerKind, id: string) {
    const row = this.#answers.get(id);
    const isTheirs =
      row?.owner.organisationId === organisationId && row.owner.projectId === projectId;
    if (!isTheirs || row.answer.kind !== kind || row.expiresAtMs <= this.#nowMs()) return undefined;
    return row.answer;
  }

  #bytesOf({ projectId }: Owner): number {
    return [...this.#answers.values()]
      .filter(({ owner }) => owner.projectId === projectId)
      .reduce((sum, { answer }) => sum + bytesOf(answer), 0);
  }

  async #ask<T>(work: () => T): Asked<T> {
    return this.shut ? err('unavailable') : ok(work());
  }
}

function bytesOf({ body, input, output }: StoredAnswer): number {
  return body.length + input.length + output.length;
}
