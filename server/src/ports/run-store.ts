// The runs of answers in the background, as far as they must outlive the process that runs them: their events, whether
// somebody wants them to end, and which of them nobody runs any more.

import type { Owner, StoredAnswer } from '../domain/stored/answer.ts';
import type { ConversationItem } from '../domain/stored/conversation.ts';
import type { Asked, Kept } from './asked.ts';

export type Progress = {
  /** What became of the answer, when that changed. */
  readonly answer?: StoredAnswer;
  /** Events since the last progress; the first has the number that `from` says. */
  readonly events: readonly string[];
  readonly from: number;
  /** At its end: what goes into the answer's conversation. */
  readonly said?: readonly ConversationItem[];
};

/**
 * `cancel`: somebody wants the run to end. `gone`: the answer was deleted, and so must be the run. `lost`: another process
 * has brought it to an end, because it took this one for dead.
 */
export type Standing = 'go on' | 'cancel' | 'gone' | 'lost';

export type Events = {
  readonly events: readonly string[];
  /** The answer has ended, and these are its last events. */
  readonly ended: boolean;
};

export type Orphan = {
  readonly owner: Owner;
  readonly answer: StoredAnswer;
  /** How many events were written of it. */
  readonly events: number;
};

export interface RunStore {
  /** Keeps an answer that is still to come; from now on this process answers for it. */
  begin(owner: Owner, answer: StoredAnswer, expiresAtMs: number): Asked<Kept>;

  /** Writes all of it or nothing. */
  progress(id: string, progress: Progress): Asked<Standing>;

  /** Whether somebody wants one of these to end: their ids. */
  unwanted(ids: readonly string[]): Asked<readonly string[]>;

  /** The answer as it is; the process that runs it learns of the wish soon. Undefined when there is none. */
  cancel(owner: Owner, id: string): Asked<StoredAnswer | undefined>;

  /** Events after number `after`, at most so many; undefined when there is no such answer. */
  events(owner: Owner, id: string, after: number, limit: number): Asked<Events | undefined>;

  /** Takes answers that have not ended and that no living process runs; `mine` are those that this one runs. */
  orphans(mine: readonly string[]): Asked<readonly Orphan[]>;
}
