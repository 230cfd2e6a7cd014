// One generation as the server sees it: waiting, running in the engine's process, or over for its reader.

import type { Ticket } from '../../domain/admission/ticket.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Part } from '../../domain/generation/part.ts';
import { Mailbox } from './mailbox.ts';

export class Job {
  readonly id: number;
  readonly ticket: Ticket;
  readonly mailbox = new Mailbox();
  /** Bounds the wait for a slot, and after an abort the wait for the process. */
  timer: NodeJS.Timeout | undefined;
  #isAborted = false;
  #isOver = false;

  constructor(id: number, ticket: Ticket) {
    this.id = id;
    this.ticket = ticket;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  markAborted(): void {
    this.#isAborted = true;
  }

  /** Parts from the process. Whoever aborts hears that, even if the answer ended in the same moment. */
  deliver(parts: readonly Part[]): void {
    if (this.#isOver) return;
    const last = parts.at(-1);
    this.#isOver = last !== undefined && isEnding(last);
    if (this.#isOver) clearTimeout(this.timer);
    if (!this.#isOver || !this.#isAborted) return this.mailbox.put(parts);
    this.mailbox.put([...parts.slice(0, -1), { kind: 'failure', failure: { kind: 'aborted' } }]);
  }

  fail(failure: EngineFailure): void {
    this.deliver([{ kind: 'failure', failure }]);
  }
}

export function isEnding(part: Part): boolean {
  return part.kind === 'finish' || part.kind === 'failure';
}
