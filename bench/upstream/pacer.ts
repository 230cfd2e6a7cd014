// Wakes thousands of token streams on time with one timer: a wheel of 1 ms slots.
//
// A timer per stream would cost the machine more than the gateway under test (512 streams at 50 tokens/s are 25,600
// timers a second).

/** Something that wants to be woken; `wake` returns the next moment it wants, or undefined when it is done. */
export type Paced = { wake(nowMs: number): number | undefined };

const SLOTS = 8192;

export class Pacer {
  readonly #slots: Paced[][] = Array.from({ length: SLOTS }, () => []);
  #waiting = 0;
  #tick = Math.floor(performance.now());
  #timer: NodeJS.Timeout | undefined;

  /** Wakes `paced` at `dueMs` (on the clock of `performance.now()`), never earlier and at most 8 s from now. */
  add(paced: Paced, dueMs: number): void {
    if (this.#timer === undefined) this.#start();
    const slot = Math.min(Math.max(Math.ceil(dueMs), this.#tick + 1), this.#tick + SLOTS - 1);
    this.#slots[slot % SLOTS]?.push(paced);
    this.#waiting += 1;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#tick = Math.floor(performance.now());
    this.#timer = setInterval(() => this.#turn(), 1);
  }

  #turn(): void {
    const now = performance.now();
    while (this.#tick < Math.floor(now)) {
      this.#tick += 1;
      const due = this.#slots[this.#tick % SLOTS];
      if (due === undefined || due.length === 0) continue;
      this.#slots[this.#tick % SLOTS] = [];
      this.#waiting -= due.length;
      for (const paced of due) {
        const next = paced.wake(now);
        if (next !== undefined) this.add(paced, next);
      }
    }
    if (this.#waiting === 0) this.stop();
  }
}
