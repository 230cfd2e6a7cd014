// A receipt and a key as their owner reads them: every amount exact and as text, every line with its count and its price.

import type { FreezeScope } from '../domain/accounts/freeze.ts';
import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import { USAGE_BUCKETS, type UsageBucket } from '../domain/generation/usage.ts';
import { formatAmount } from '../domain/money/nano.ts';
import type { PriceItem } from '../domain/pricing/price-book.ts';
import { SERVICE_TIERS } from '../domain/pricing/service-tier.ts';
import type { KeyBudget, KeyFacts, KeysSee, Receipt } from '../ports/receipts.ts';
import type { Offered } from './model-for.ts';

const ITEMS: { readonly [item in PriceItem]: string } = {
  input: 'input',
  cacheRead: 'cache_read',
  cacheWrite5m: 'cache_write_5m',
  cacheWrite1h: 'cache_write_1h',
  imageInput: 'image_input',
  audioInput: 'audio_input',
  output: 'output',
  reasoning: 'reasoning',
  imageOutput: 'image_output',
  audioOutput: 'audio_output',
  toolCalls: 'tool_calls',
  request: 'request',
};

export function receiptShown(receipt: Receipt): object {
  const { settlement: s, chargedNano, adjustments, settledAtMs, price } = receipt;
  const tokens: { [name: string]: number } = {};
  for (const bucket of USAGE_BUCKETS) tokens[ITEMS[bucket]] = s.usage[bucket];
  return {
    id: s.requestId,
    object: 'request',
    model: s.model,
    protocol: s.protocol,
    service_tier: s.tier,
    outcome: s.outcome,
    project_id: s.projectId,
    key_id: s.keyId,
    end_user: s.endUser ?? null,
    started_at: new Date(s.startedAtMs).toISOString(),
    settled_at: new Date(settledAtMs).toISOString(),
    first_token_after_ms:
      s.firstTokenAfterMs === undefined ? null : Math.round(s.firstTokenAfterMs),
    duration_ms: Math.round(s.durationMs),
    usage: tokens,
    usage_source: s.usageSource,
    currency: 'USD',
    price_version: s.priceVersion,
    lines: linesOf({ settlement: s, price }),
    cost: formatAmount(s.costNano),
    charged: formatAmount(chargedNano),
    adjustments: adjustments.map((one) => ({
      rerating: one.rerating,
      price_version: one.priceVersion,
      cost: formatAmount(one.costNano),
      difference: formatAmount(one.differenceNano),
    })),
  };
}

type Priced = Pick<Receipt, 'settlement'> & { readonly price: Receipt['price'] };

/** What was counted × its price; the sum of all lines, rounded half up once to nano-dollars, is the cost. */
function linesOf({ settlement: { usage, outcome }, price }: Priced): readonly object[] {
  if (price === undefined || outcome === 'failed') return [];
  const counted: [PriceItem, number][] = USAGE_BUCKETS.map((bucket: UsageBucket) => [
    bucket,
    usage[bucket],
  ]);
  const isEmpty = counted.every(([, count]) => count === 0);
  return [...counted, ['request', isEmpty ? 0 : 1] as const]
    .filter(([item, count]) => count > 0 && (item !== 'request' || price.request > 0n))
    .map(([item, count]) => ({
      item: ITEMS[item],
      count,
      per_million: formatAmount(price[item]),
      amount: formatFemto(BigInt(count) * price[item]),
    }));
}

const FEMTO_DIGITS = 15;

/** Nano-dollars × 1,000,000 as dollars, every digit that counts. */
function formatFemto(femto: bigint): string {
  const digits = femto.toString().padStart(FEMTO_DIGITS + 1, '0');
  const fraction = digits.slice(-FEMTO_DIGITS).replace(/0+$/, '').padEnd(2, '0');
  return `${digits.slice(0, -FEMTO_DIGITS)}.${fraction}`;
}

export function keyShown(
  caller: KeyEntry,
  facts: KeyFacts,
  { offered, frozen, keysSee }: KeyAround,
): object {
  const contributes = caller.contributes === true;
  const { availableNano, heldNano } = facts.balance;
  const budgets = facts.budgets.filter(({ scope }) => keysSee !== 'key' || scope === 'key');
  return {
    id: caller.keyId,
    object: 'key',
    name: facts.name,
    redacted: facts.redacted,
    created_at: new Date(facts.createdAtMs).toISOString(),
    organisation_id: caller.organisationId,
    project_id: caller.projectId,
    expires_at: null, // Keys end when they are revoked.
    frozen: frozen ?? null,
    data_use_consent: contributes,
    models: offered.map(({ model, pinned: { prices } }) => ({
      id: model.id,
      service_tiers: SERVICE_TIERS.filter(
        (tier) => prices[tier] !== undefined && (tier !== 'contributor' || contributes),
      ),
      context_window: model.contextTokensMax,
      max_output_tokens: model.outputTokensMax,
    })),
    currency: 'USD',
    spend: { today: formatAmount(facts.dayNano), month: formatAmount(facts.monthNano) },
    budgets: budgets.map(budgetShown),
    credit:
      keysSee === 'key'
        ? null
        : { available: formatAmount(availableNano), held: formatAmount(heldNano) },
  };
}

type KeyAround = {
  readonly offered: readonly Offered[];
  /** By its operator, or because its organisation owes; absent: it is not. */
  readonly frozen?: { readonly scope: FreezeScope; readonly why: 'operator' | 'debt' };
  readonly keysSee: KeysSee;
};

function budgetShown(budget: KeyBudget): object {
  const { scope, period, hardLimitNano, alertNano, spentNano, heldNano, resetsAtMs } = budget;
  // What one of many end users has left is not to be told from all of them.
  const isOne = hardLimitNano !== undefined && scope !== 'each-end-user';
  const leftNano = isOne ? hardLimitNano - spentNano - heldNano : undefined;
  const amountOrNull = (amount: bigint | undefined) =>
    amount === undefined ? null : formatAmount(amount > 0n ? amount : 0n);
  return {
    scope,
    period,
    hard_limit: amountOrNull(hardLimitNano),
    alert: amountOrNull(alertNano),
    spent: formatAmount(spentNano),
    held: formatAmount(heldNano),
    left: amountOrNull(leftNano),
    resets_at: resetsAtMs === undefined ? null : new Date(resetsAtMs).toISOString(),
  };
}
