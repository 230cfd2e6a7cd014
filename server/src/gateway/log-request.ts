// The one line that the log has of each request that reached an engine: what it was, how it ended, what it cost, and why
// its prompt came from no cache. Never a word of what was said.

import { USAGE_BUCKETS, type Usage } from '../domain/generation/usage.ts';
import type { Settlement } from '../domain/ledger/settlement.ts';
import { formatAmount } from '../domain/money/nano.ts';
import type { CacheVerdict } from '../domain/prompt-cache/cache-verdict.ts';
import { promptChain } from '../domain/prompt-cache/prompt-chain.ts';
import type { SettleOutcome } from '../ports/ledger.ts';
import { GenerationAdmission, type Admission } from './admit.ts';
import type { Gateway } from './gateway.ts';

/** A request whose end is in the books, or could not be brought there. */
export type Ended = { readonly settlement: Settlement; readonly settled: SettleOutcome };

export function logRequest(
  gateway: Gateway,
  admission: Admission,
  { settlement, settled }: Ended,
): void {
  if (!gateway.log.isLevelEnabled('info')) return;
  const { startedAtMs: _, priceVersion, costNano, usage, durationMs, ...facts } = settlement;
  const { firstTokenAfterMs } = settlement;
  const cache =
    admission instanceof GenerationAdmission ? cacheOf(gateway, admission, settlement) : undefined;
  gateway.log.info(
    {
      ...facts,
      usage: withoutZeros(usage),
      priceVersion,
      ...(settled.kind === 'settled' && { costUsd: formatAmount(settled.chargedNano) }),
      ...(firstTokenAfterMs !== undefined && { firstTokenAfterMs: Math.round(firstTokenAfterMs) }),
      durationMs: Math.round(durationMs),
      ...(cache && { cache }),
    },
    'a request ended',
  );
}

/**
 * Undefined where there is nothing to say of: a failure, or text that is no conversation. Measured on a busy core: 5 µs
 * for a question of 500 characters, 20 µs for a conversation of 40 items and 40,000 characters.
 */
function cacheOf(
  gateway: Gateway,
  { generation, wire }: GenerationAdmission,
  { organisationId, model, usage, usageSource, outcome }: Settlement,
): CacheVerdict | undefined {
  if (outcome === 'failed' || generation.rawPrompts !== undefined) return undefined;
  if (usageSource === 'counted') return { readTokens: 0, missed: 'not-reported' };
  const owner = `${organisationId} ${model}`;
  const chain = promptChain(owner, generation);
  const nowMs = gateway.clock.monotonicMs();
  const { at, ...verdict } = gateway.prompts.see({ owner, model, chain, usage, nowMs });
  // A message may be several items, so those keep their own numbers.
  return { ...verdict, ...(at !== undefined && { at: /^items\b/.test(at) ? at : wire(at) }) };
}

function withoutZeros(usage: Usage): Partial<Usage> {
  return Object.fromEntries(
    USAGE_BUCKETS.filter((bucket) => usage[bucket] > 0).map((bucket) => [bucket, usage[bucket]]),
  );
}
