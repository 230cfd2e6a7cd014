// Wake-ups come in as a value too, so that a simulation decides what happens when. Used where the order of events
// decides about money: the ledger, its log and its applier.

export type Cancel = () => void;

export interface Timers {
  /** Milliseconds that only grow. */
  monotonicMs(): number;
  /** Calls once, so much later, unless it is cancelled. */
  after(ms: number, call: () => void): Cancel;
  /** Calls again and again until it is cancelled; keeps no process alive. */
  every(ms: number, call: () => void): Cancel;
  /** Resolves after the current turn of the event loop: all that it brings has come. */
  turn(): Promise<void>;
}

export const systemTimers: Timers = {
  monotonicMs: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  every(ms, call) {
    const timer = setInterval(call, ms).unref();
    return () => clearInterval(timer);
  },
  turn: () => new Promise((resume) => setImmediate(resume)),
};

export function pause(timers: Timers, ms: number): Promise<void> {
  return new Promise((resume) => timers.after(ms, resume));
}
