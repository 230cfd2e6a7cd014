// How soon a request wants to be served and on whose terms, and for whom it is: asked in three protocols' words, answered
// with the tier that was used.

import { endUserOf } from '../domain/accounts/end-user.ts';
import type { ServiceTier } from '../domain/pricing/service-tier.ts';
import type { Decoded } from './protocol.ts';

/** OpenAI's own, and `contributor`, which is ours. */
export const OPENAI_TIERS = [
  'auto',
  'default',
  'flex',
  'scale',
  'priority',
  'fast',
  'ultrafast',
  'contributor',
] as const;

/** Anthropic's own, and those that others have a name for. */
export const ANTHROPIC_TIERS = [
  'auto',
  'standard_only',
  'priority',
  'flex',
  'contributor',
] as const;

type TierName = (typeof OPENAI_TIERS)[number] | (typeof ANTHROPIC_TIERS)[number];

const ASKED: { readonly [name in TierName]?: ServiceTier } = {
  flex: 'flex',
  priority: 'priority',
  contributor: 'contributor',
};

/** Capacity that is rented, and speeds: nothing that is sold here. */
const UNKNOWN_HERE: ReadonlySet<TierName> = new Set(['scale', 'fast', 'ultrafast']);

type Terms = Pick<Decoded, 'tier' | 'endUser'>;

export function termsOf(
  tierName: TierName | null | undefined,
  user: string | null | undefined,
): Terms {
  const tier = tierName == null ? undefined : ASKED[tierName];
  const endUser = endUserOf(user);
  return { ...(tier !== undefined && { tier }), ...(endUser !== undefined && { endUser }) };
}

/** A tier that can't be had from anybody here; of the others admission knows. */
export function isUnknownTier(tierName: TierName | null | undefined): boolean {
  return tierName != null && UNKNOWN_HERE.has(tierName);
}

/** What OpenAI's clients read: the standard tier has another name there. */
export function openaiTier(tier: ServiceTier = 'standard'): string {
  return tier === 'standard' ? 'default' : tier;
}
