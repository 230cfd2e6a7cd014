// Calendar months of UTC, and when one of them can be billed: when what was used in it is in the books.

/** `2026-10`. */
export type Month = string;

export type InvoicingMode = 'draft' | 'final';

export function monthBounds(month: Month): { readonly fromMs: number; readonly toMs: number } {
  const [year = Number.NaN, number = Number.NaN] = month.split('-').map(Number);
  return { fromMs: Date.UTC(year, number - 1), toMs: Date.UTC(year, number) };
}

/** The last one that is over. */
export function monthBefore(nowMs: number): Month {
  const now = new Date(nowMs);
  const last = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1));
  return last.toISOString().slice(0, 7);
}

/** A gateway that ran in the month, as far as the books know of it. */
export type GatewaySeen = {
  readonly id: string;
  readonly heardAtMs: number;
  /** It has stopped, and had nothing left to settle. */
  readonly left: boolean;
};

export type MonthFacts = {
  readonly month: Month;
  readonly nowMs: number;
  /** How long after its end a month is billed. */
  readonly graceMs: number;
  readonly gateways: readonly GatewaySeen[];
  /** Requests of the month that have set credit aside and have not ended. */
  readonly openHolds: number;
};

export type MonthState =
  | { readonly kind: 'complete' }
  | { readonly kind: 'not-over'; readonly untilMs: number }
  /** What they may have settled is not here. */
  | {
      readonly kind: 'unsettled';
      readonly gateways: readonly string[];
      readonly openHolds: number;
      readonly untilMs: number;
    };

/** A request that began in the last second of a month has ended by then, and so has its settling. */
const SETTLED_AFTER_MS = 3_600_000;
/** What is not here by then comes late, on the next invoice. */
const UNSETTLED_WAIT_MS = 72 * 3_600_000;

/**
 * A gateway that was heard an hour after the month has settled what began in it: its requests have ended, and it applies its
 * log within moments of writing it, or it would not be heard. One that has fallen silent since the month began, without
 * leaving properly, may have a log somewhere: it is waited for.
 */
export function stateOfMonth(facts: MonthFacts): MonthState {
  const { fromMs, toMs } = monthBounds(facts.month);
  const { nowMs, graceMs, gateways, openHolds } = facts;
  if (nowMs < toMs + graceMs) return { kind: 'not-over', untilMs: toMs + graceMs };
  const silent = gateways.filter(
    ({ heardAtMs, left }) => !left && heardAtMs >= fromMs && heardAtMs < toMs + SETTLED_AFTER_MS,
  );
  const untilMs = toMs + UNSETTLED_WAIT_MS;
  if ((silent.length === 0 && openHolds === 0) || nowMs >= untilMs) return { kind: 'complete' };
  return { kind: 'unsettled', gateways: silent.map(({ id }) => id), openHolds, untilMs };
}
