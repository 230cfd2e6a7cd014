// Collects what all generations produced in one tick and sends it as one message: one decode step, one message.

import type { Part } from '../../../domain/generation/part.ts';
import type { HostEvent } from '../host-protocol.ts';

export class Outbox {
  readonly #send: (events: readonly HostEvent[]) => void;
  #events: HostEvent[] = [];

  constructor(send: (events: readonly HostEvent[]) => void) {
    this.#send = send;
  }

  put(id: number, parts: readonly Part[]): void {
    if (parts.length === 0) return;
    if (this.#events.length === 0) setImmediate(() => this.#flush());
    this.#events.push({ id, parts });
  }

  #flush(): void {
    const events = this.#events;
    this.#events = [];
    this.#send(events);
  }
}
