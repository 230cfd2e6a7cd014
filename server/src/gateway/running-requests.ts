// The requests that run in this process, each with what it has cost so far.

import type { Unfinished } from '../domain/ledger/unfinished.ts';
import { Crowd, type Member } from '../lib/crowd.ts';

export interface RunningRequest extends Member {
  readonly unfinished: Unfinished;
}

export class RunningRequests {
  readonly #crowd = new Crowd<RunningRequest>();

  add(request: RunningRequest): void {
    this.#crowd.add(request);
  }

  remove(request: RunningRequest): void {
    this.#crowd.remove(request);
  }

  unfinished(): readonly Unfinished[] {
    return this.#crowd.members.map((request) => request.unfinished);
  }
}
