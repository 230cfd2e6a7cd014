// What two meters say of one request: the engine by what it reported, and the gateway by what passed through it. What is
// billed is compared with both (README.md).

/** Why an engine's report was not believed, or not wholly. */
export const METER_DOUBTS = [
  /** Below zero, not whole, no number, or more than any context holds: it was ignored or cut. */
  'impossible',
  /** A total below one that was reported before: it was ignored. */
  'shrinking',
  /** Nothing was reported of what was sent: the gateway's pieces were billed. */
  'absent',
  /** Less was reported than was sent. */
  'short',
] as const;

export type MeterDoubt = (typeof METER_DOUBTS)[number];

export type Meter = {
  /** The engine's last report that could be believed; absent where there was none. */
  readonly engineInput?: number;
  readonly engineOutput?: number;
  /** Of what the engine sent, text, reasoning and arguments: a piece is a token or more. */
  readonly pieces: number;
  /** Their UTF-8. */
  readonly bytes: number;
  readonly doubts: readonly MeterDoubt[];
};

/** Tokens that one request may be off by: what ends an answer or frames a call is counted by an engine and never sent. */
export const METER_SLACK_TOKENS = 16;
/** An engine may count a tenth less than the pieces that it sent: some split a token. */
export const METER_SHORT_RATIO = 1.1;
/** It may count so much more than the gateway, which sees text and not tokens: code has 3 bytes a token. */
export const METER_OVER_RATIO = 1.4;
/** Where an engine sends several tokens at a time, so many bytes are one. */
export const BYTES_PER_TOKEN = 4;

export function isShort(engineOutput: number, pieces: number): boolean {
  return engineOutput * METER_SHORT_RATIO + METER_SLACK_TOKENS < pieces;
}
