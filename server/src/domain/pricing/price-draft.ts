// The life of a list of prices: a draft that can be changed, approved by somebody else where that is asked for, scheduled for
// a moment and from then on never changed; in force from that moment until the next one of its book is. Until shortly before its
// moment it can be called off.

import type { ModelPrices } from './price-book.ts';

export type DraftState = 'draft' | 'approved' | 'scheduled' | 'discarded' | 'called-off';
export type DraftStep = 'change' | 'approve' | 'schedule' | 'discard' | 'call-off';

const NOTHING_MORE = {
  change: null,
  approve: null,
  schedule: null,
  discard: null,
  'call-off': null,
} as const;

/** What a step makes of each state; null where it can't be taken. */
const STEPS: {
  readonly [state in DraftState]: { readonly [step in DraftStep]: DraftState | null };
} = {
  draft: {
    change: 'draft',
    approve: 'approved',
    schedule: 'scheduled',
    discard: 'discarded',
    'call-off': null,
  },
  // Whoever changes what was approved begins anew.
  approved: {
    change: 'draft',
    approve: null,
    schedule: 'scheduled',
    discard: 'discarded',
    'call-off': null,
  },
  scheduled: {
    change: null,
    approve: null,
    schedule: null,
    discard: null,
    'call-off': 'called-off',
  },
  discarded: NOTHING_MORE,
  'called-off': NOTHING_MORE,
};

export function afterStep(state: DraftState, step: DraftStep): DraftState | null {
  return STEPS[state][step];
}

export type Schedule = {
  readonly models: ReadonlyMap<string, ModelPrices>;
  /** Models that are to have no price any more, in so many words. */
  readonly withdrawn: readonly string[];
  readonly effectiveFromMs: number;
};

/** What a new version must fit to. */
export type Around = {
  readonly nowMs: number;
  /** What would be in force at its moment without it; undefined before the first version. */
  readonly before: ReadonlyMap<string, ModelPrices> | undefined;
  /** When other versions of the book begin that are not in force yet. */
  readonly scheduledFromMs: readonly number[];
};

export type ScheduleProblem =
  | { readonly kind: 'price-gap'; readonly models: readonly string[] }
  | { readonly kind: 'price-overlap'; readonly atMs: number }
  | { readonly kind: 'price-in-the-past'; readonly nowMs: number }
  | { readonly kind: 'price-too-far'; readonly untilMs: number };

/** Two gateways' clocks differ by less, and a request to schedule takes less. */
const PAST_TOLERANCE_MS = 60_000;
/** Two years: later is a slip of the finger. */
const AHEAD_MAX_MS = 2 * 366 * 86_400_000;

/** Why it can't be scheduled so. */
export function scheduleProblem(
  { models, withdrawn, effectiveFromMs }: Schedule,
  { nowMs, before, scheduledFromMs }: Around,
): ScheduleProblem | undefined {
  if (!(effectiveFromMs >= nowMs - PAST_TOLERANCE_MS)) return { kind: 'price-in-the-past', nowMs };
  if (effectiveFromMs > nowMs + AHEAD_MAX_MS) {
    return { kind: 'price-too-far', untilMs: nowMs + AHEAD_MAX_MS };
  }
  if (scheduledFromMs.includes(effectiveFromMs)) {
    return { kind: 'price-overlap', atMs: effectiveFromMs };
  }
  const missing = [...(before?.keys() ?? [])].filter(
    (model) => !models.has(model) && !withdrawn.includes(model),
  );
  return missing.length > 0 ? { kind: 'price-gap', models: missing } : undefined;
}

/** Every gateway hears of it within a second; at its moment none may still have it. */
const CALL_OFF_LEAD_MS = 5_000;

/** Whether a version that begins then can still be called off. */
export function isTooLateToCallOff(effectiveFromMs: number, nowMs: number): boolean {
  return !(effectiveFromMs > nowMs + CALL_OFF_LEAD_MS);
}
