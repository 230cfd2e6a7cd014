// What the load generator can be asked to do, and what it reports.

import type { Spread } from './histogram.ts';

/** Where the requests go. */
export type Target = {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  /** The protocol of the requests; Chat Completions where it is absent. */
  readonly dialect?: 'openai-chat' | 'openai-responses' | 'anthropic-messages';
};

/** Plain requests from a closed loop: each connection sends the next request when it has the reply. */
export type PlainPlan = {
  readonly kind: 'plain';
  readonly target: Target;
  readonly connections: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Writes head, half of the body and the rest each on their own. */
  readonly splitRequest: boolean;
};

/** Streams from a closed loop, to measure the time to the first token and the way of each token. */
export type StreamsPlan = {
  readonly kind: 'streams';
  readonly target: Target;
  readonly connections: number;
  readonly tokensExpected: number;
  readonly warmupMs: number;
  readonly durationMs: number;
};

/** Many streams at once, opened over `rampMs`, each read to its end; measured while all of them run. */
export type HeldPlan = {
  readonly kind: 'held';
  readonly target: Target;
  readonly streams: number;
  readonly rampMs: number;
  readonly holdMs: number;
  readonly tokensPerSecond: number;
};

/** Streams whose client leaves after some tokens. */
export type AbandonPlan = {
  readonly kind: 'abandon';
  readonly target: Target;
  readonly streams: number;
  readonly leaveAfterTokens: number;
};

export type Plan = PlainPlan | StreamsPlan | HeldPlan | AbandonPlan;

export type Failures = { readonly errors: number; readonly firstError: string | null };

export type PlainReport = Failures & {
  readonly requests: number;
  readonly seconds: number;
  readonly latency: Spread;
  /** Share of replies that took 35 ms or more: where Nagle meets a delayed acknowledgement, most do. */
  readonly delayedShare: number;
};

export type StreamsReport = Failures & {
  readonly streams: number;
  readonly tokens: number;
  readonly tokensLost: number;
  readonly ttft: Spread;
  /** Between two reads of the same stream that brought tokens. */
  readonly gap: Spread;
  /** From the upstream's write of a token to the client's read of it, without the first token. */
  readonly lag: Spread;
  readonly lagDelayedShare: number;
};

export type HeldReport = StreamsReport & {
  /** While all streams ran. */
  readonly windowTokens: number;
  readonly windowSeconds: number;
  /** Gaps longer than a second. */
  readonly stalls: number;
  /** Gaps longer than five times the pace. */
  readonly stutters: number;
};

export type AbandonReport = Failures & { readonly abandoned: number };

/** The report that each kind of plan gets. */
export type Reports = {
  plain: PlainReport;
  streams: StreamsReport;
  held: HeldReport;
  abandon: AbandonReport;
};

/** The measured window opens and closes: the moments to read the contender's processor time. */
export type Mark = 'window-open' | 'window-closed';

/** Slower than any acknowledgement of a network that works, faster than Linux's 40 ms delayed one. */
export const DELAYED_ACK_US = 35_000;
export const STALL_MS = 1000;
export const STUTTER_PACES = 5;
/** No reply may take longer; what is later counts as an error. */
export const REPLY_MS_MAX = 30_000;
