// Virtual time, and everything that is to happen in it. One event at a time: after each, all promises that it settles run
// to their next wait, the books are looked at, and only then does the next one come. So a process that is killed between
// two events is killed at one of its awaits, and each run of a seed is the same.

import type { Timers } from '../../server/src/ports/timers.ts';
import type { Chance } from './chance.ts';

/** One start of a program. What belongs to a dead one never happens. */
export class Life {
  alive = true;
  /** Nothing of it happens before: a machine that stands still, and then goes on as if it had not. */
  frozenUntilMs = 0;

  thaw(nowMs: number): void {
    this.frozenUntilMs = Math.min(this.frozenUntilMs, nowMs);
  }
}

type Happening = {
  readonly atMs: number;
  readonly order: number;
  readonly life: Life | undefined;
  run(): void;
};

/** Nothing that is simulated takes longer; a run that goes on has lost itself in a loop. */
const HAPPENINGS_MAX = 200_000;

const realTurn = setImmediate;

export class World {
  readonly chance: Chance;
  nowMs = 1_000;
  /** What a clock on the wall showed at 0. */
  wallAtZeroMs = 1_700_000_000_000;
  #heap: Happening[] = [];
  #order = 0;
  #count = 0;
  /** Looked at after every event. */
  readonly watchers: (() => void)[] = [];
  readonly trace: string[] = [];
  readonly #traces: boolean;

  constructor(chance: Chance, traces: boolean) {
    this.chance = chance;
    this.#traces = traces;
  }

  get wallMs(): number {
    return this.wallAtZeroMs + this.nowMs;
  }

  tell(what: () => string): void {
    if (this.#traces) this.trace.push(`${this.nowMs.toFixed(1).padStart(10)}  ${what()}`);
  }

  after(ms: number, life: Life | undefined, run: () => void): () => void {
    const happening = { atMs: this.nowMs + ms, order: (this.#order += 1), life, run };
    push(this.#heap, happening);
    return () => {
      happening.run = () => {};
    };
  }

  /** Resolves then; never for a life that is over. */
  wait(ms: number, life?: Life): Promise<void> {
    return new Promise((resume) => this.after(ms, life, resume));
  }

  timersOf(life: Life): Timers {
    return {
      monotonicMs: () => this.nowMs,
      after: (ms, call) => this.after(ms, life, call),
      every: (ms, call) => this.#every(ms, life, call),
      turn: () => this.wait(0, life),
    };
  }

  /** Until `until` has come true, or nothing is left to happen. */
  async run(until: () => boolean): Promise<void> {
    while (!until()) {
      const next = pop(this.#heap);
      if (next === undefined) return;
      if ((this.#count += 1) > HAPPENINGS_MAX) throw new Error('the simulation does not end');
      this.nowMs = Math.max(this.nowMs, next.atMs);
      if (next.life?.alive === false) continue;
      if (next.life !== undefined && next.life.frozenUntilMs > this.nowMs) {
        push(this.#heap, { ...next, atMs: next.life.frozenUntilMs, run: () => next.run() });
        continue;
      }
      next.run();
      await new Promise<void>((resume) => realTurn(resume));
      for (const watch of this.watchers) watch();
    }
  }

  #every(ms: number, life: Life, call: () => void): () => void {
    let stopped = false;
    const again = () => {
      if (stopped) return;
      call();
      this.after(ms, life, again);
    };
    this.after(ms, life, again);
    return () => (stopped = true);
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}

function push(heap: Happening[], item: Happening): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, item)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = item;
}

function pop(heap: Happening[]): Happening | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let below = at * 2 + 1;
    const right = heap[below + 1];
    let child = heap[below];
    if (child === undefined) break;
    if (right !== undefined && isBefore(right, child)) {
      below += 1;
      child = right;
    }
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
  return first;
}
