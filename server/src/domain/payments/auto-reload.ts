// Auto-reload: whether a card is charged now, and how much. Pure; the same question is asked again under a lock.

import { centsFor, nanoOfCents } from './amount.ts';

export type AutoReloadSettings = {
  readonly organisationId: string;
  readonly thresholdCents: number;
  /** Credit is bought up to this. */
  readonly targetCents: number;
  /** In a calendar month, UTC. */
  readonly monthlyCapCents: number;
};

export type AutoReload = AutoReloadSettings & {
  readonly isOn: boolean;
  /** Why it was turned off, where that was not the customer. */
  readonly offReason?: string;
  /** In a row. */
  readonly declines: number;
  /** After a decline it rests until then. */
  readonly restsUntilMs: number;
};

export type ReloadFacts = {
  readonly settings: AutoReload;
  readonly balanceNano: bigint;
  readonly inFlight: number;
  /** By this month's auto-reloads that were not declined, those in flight included. */
  readonly spentCents: number;
  readonly leastCents: number;
  readonly mostCents: number;
  readonly nowMs: number;
};

export type ReloadDecision =
  | { readonly kind: 'reload'; readonly amountCents: number }
  | { readonly kind: 'no'; readonly why: 'off' | 'enough' | 'in-flight' | 'resting' | 'cap' };

export function decideReload(facts: ReloadFacts): ReloadDecision {
  const { settings, balanceNano, inFlight, spentCents, leastCents, mostCents, nowMs } = facts;
  if (!settings.isOn) return { kind: 'no', why: 'off' };
  if (balanceNano >= nanoOfCents(settings.thresholdCents)) return { kind: 'no', why: 'enough' };
  if (inFlight > 0) return { kind: 'no', why: 'in-flight' };
  if (nowMs < settings.restsUntilMs) return { kind: 'no', why: 'resting' };
  const wanted = centsFor(nanoOfCents(settings.targetCents) - balanceNano);
  const left = settings.monthlyCapCents - spentCents;
  const amountCents = Math.min(Math.max(wanted, leastCents), left, mostCents);
  if (amountCents < leastCents) return { kind: 'no', why: 'cap' };
  return { kind: 'reload', amountCents };
}

/** A card that was declined is tried again after an hour, then after six, then after a day. */
const RESTS_MS = [3_600_000, 6 * 3_600_000, 24 * 3_600_000] as const;
/** After so many in a row somebody must look. */
export const RELOAD_DECLINES_MAX = 4;

export function restAfterDeclineMs(declines: number): number {
  return RESTS_MS[Math.min(declines, RESTS_MS.length) - 1] ?? RESTS_MS[0];
}

/** The calendar month around a moment, UTC. */
export function monthOf(nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const date = new Date(nowMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { fromMs: Date.UTC(year, month), toMs: Date.UTC(year, month + 1) };
}

export type SettingsRefusal =
  | 'threshold-above-target'
  | 'target-too-close'
  | 'cap-below-one-reload'
  | 'out-of-range';

/** What settings can't be meant. */
export function settingsRefusal(
  { thresholdCents, targetCents, monthlyCapCents }: Omit<AutoReloadSettings, 'organisationId'>,
  { leastCents, mostCents }: { readonly leastCents: number; readonly mostCents: number },
): SettingsRefusal | undefined {
  if (thresholdCents < 0 || targetCents > mostCents) return 'out-of-range';
  if (thresholdCents >= targetCents) return 'threshold-above-target';
  if (targetCents - thresholdCents < leastCents) return 'target-too-close';
  if (monthlyCapCents < leastCents) return 'cap-below-one-reload';
  return undefined;
}
