// Time comes in as a value, so that tests can hold it still.

export interface Clock {
  /** Milliseconds since the epoch; may jump. For records. */
  nowMs(): number;
  /** Milliseconds that only grow. For durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
