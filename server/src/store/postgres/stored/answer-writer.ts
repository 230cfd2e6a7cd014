// Writes answers together that come at the same time: while some are being written the next ones gather, so that a busy
// server makes few commits and few round trips, and an idle one makes nobody wait.

import { err, ok, type Result } from '../../../lib/result.ts';
import type { Asked, Kept } from '../../../ports/asked.ts';
import type { Asking } from './asking.ts';
import { ANSWER_VALUES, INSERT_ANSWER_COLUMNS, roomFor } from './stored-row.ts';

const WRITERS_MAX = 2;
const ANSWERS_AT_ONCE = 64;
/** In texts; what does not fit any more goes with the next. */
const CHARACTERS_AT_ONCE = 4 * 1024 * 1024;

type Waiting = {
  readonly values: readonly unknown[];
  readonly characters: number;
  readonly done: (outcome: Result<Kept, 'unavailable'>) => void;
  readonly failed: (error: unknown) => void;
};

export class AnswerWriter {
  readonly #asking: Asking;
  readonly #bytesProjectMax: number;
  readonly #waiting: Waiting[] = [];
  #writers = 0;

  constructor(asking: Asking, bytesProjectMax: number) {
    this.#asking = asking;
    this.#bytesProjectMax = bytesProjectMax;
  }

  /** `values` as in `answerValues`. */
  keep(values: readonly unknown[], characters: number): Asked<Kept> {
    const {
      promise,
      resolve: done,
      reject: failed,
    } = Promise.withResolvers<Awaited<Asked<Kept>>>();
    this.#waiting.push({ values, characters, done, failed });
    if (this.#writers < WRITERS_MAX) void this.#write();
    return promise;
  }

  /** Until nobody waits. Never rejects. */
  async #write(): Promise<void> {
    this.#writers++;
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      if (batch.length === 1 || !(await this.#together(batch))) {
        await Promise.all(batch.map((one) => this.#alone(one)));
      }
    }
    this.#writers--;
  }

  #next(): readonly Waiting[] {
    let characters = 0;
    const end = this.#waiting.findIndex((one, at) => {
      characters += one.characters;
      return at === ANSWERS_AT_ONCE || (at > 0 && characters > CHARACTERS_AT_ONCE);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  /** False where one of them is wrong: then each has to be tried by itself. */
  async #together(batch: readonly Waiting[]): Promise<boolean> {
    const columns = COLUMNS.map((_, column) => batch.map(({ values }) => values[column]));
    try {
      const asked = await this.#asking.ask<{ readonly id: string }>(KEEP_ALL, [
        ...columns,
        this.#bytesProjectMax,
      ]);
      const kept = asked.ok ? new Set(asked.value.map(({ id }) => id)) : undefined;
      for (const { values, done } of batch) {
        const outcome = kept?.has(String(values[0])) === true ? 'kept' : 'full';
        done(kept === undefined ? err('unavailable') : ok(outcome));
      }
      return true;
    } catch {
      return false;
    }
  }

  async #alone({ values, done, failed }: Waiting): Promise<void> {
    try {
      const asked = await this.#asking.ask(KEEP, [...values, this.#bytesProjectMax]);
      done(asked.ok ? ok(asked.value.length === 0 ? 'full' : 'kept') : asked);
    } catch (error) {
      failed(error);
    }
  }
}

const KEEP = `
  INSERT INTO ${INSERT_ANSWER_COLUMNS})
    SELECT ${ANSWER_VALUES} WHERE ${roomFor('$17', '$4', '$18')} RETURNING 1`;

/** As in `answerValues`. */
const COLUMNS = [
  ['id', 'text'],
  ['kind', 'text'],
  ['organisation_id', 'text'],
  ['project_id', 'text'],
  ['model', 'text'],
  ['status', 'text'],
  ['background', 'boolean'],
  ['created_at', 'timestamptz'],
  ['expires_at', 'timestamptz'],
  ['form', 'smallint'],
  ['body', 'text'],
  ['input', 'text'],
  ['output', 'text'],
  ['metadata', 'text'],
  ['previous_id', 'text'],
  ['conversation_id', 'text'],
  ['bytes', 'bigint'],
] as const;

const NAMES = COLUMNS.map(([name]) => name).join(', ');
const LISTS = COLUMNS.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');

/** Those that still fit, with all before them. */
const KEEP_ALL = `
  INSERT INTO ${INSERT_ANSWER_COLUMNS})
    SELECT ${NAMES.replace('metadata', 'metadata::jsonb')}
      FROM (SELECT *, sum(bytes) OVER (PARTITION BY project_id ORDER BY place) AS more
        FROM unnest(${LISTS}) WITH ORDINALITY AS given (${NAMES}, place)) AS r
      WHERE ${roomFor('r.more', 'r.project_id', '$18')}
    RETURNING id`;
