// How much of everything a run does: the default, and the quick one.

export type Schedule = {
  readonly rounds: number;
  readonly warmupMs: number;
  readonly plain: { readonly connections: readonly number[]; readonly durationMs: number };
  readonly firstToken: { readonly delaysMs: readonly number[]; readonly durationMs: number };
  readonly held: { readonly rampMs: number; readonly holdMs: number; readonly rungHoldMs: number };
  readonly nodelay: { readonly durationMs: number };
};

/** Takes about five minutes with four contenders. */
export const DEFAULT_SCHEDULE: Schedule = {
  rounds: 3,
  warmupMs: 400,
  plain: { connections: [1, 4, 16, 64, 128], durationMs: 1500 },
  firstToken: { delaysMs: [0, 20], durationMs: 2000 },
  held: { rampMs: 2000, holdMs: 20_000, rungHoldMs: 5000 },
  nodelay: { durationMs: 1000 },
};

/** Takes about a minute and a quarter; one round, so read its figures with care. */
export const QUICK_SCHEDULE: Schedule = {
  rounds: 1,
  warmupMs: 300,
  plain: { connections: [1, 16, 64], durationMs: 1000 },
  firstToken: { delaysMs: [0, 20], durationMs: 1000 },
  held: { rampMs: 1000, holdMs: 3000, rungHoldMs: 1500 },
  nodelay: { durationMs: 600 },
};

/** The goal comes first; where a contender cannot hold it, the smaller ones show what it can. */
export const HELD_RUNGS: readonly number[] = [512, 128, 32];
export const HELD_TOKENS_PER_SECOND = 50;

/** The bounds of the throughput frontier. */
export const P99_BOUNDS_MS: readonly number[] = [1, 5, 10, 50, 100];

export const SCENARIOS = ['plain', 'first-token', 'held', 'nodelay', 'abandon'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];
