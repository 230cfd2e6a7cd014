// What was charged, in the shape of Anthropic's cost report: amounts are cents as decimal text, and here exact.

import {
  costLines,
  servedName,
  type CostItem,
  type CostLine,
} from '../../domain/reports/cost-lines.ts';
import type { PricesThen } from '../../domain/reports/prices-then.ts';
import type { SumKey, UsageSum } from '../../domain/reports/usage-ask.ts';
import { byBucket, type ReportPage } from '../report-protocol.ts';
import { pageOf } from './usage.ts';

/** Anthropic's words for what was counted; null for what it does not count apart. */
const ITEMS: {
  readonly [item in CostItem]: { readonly type: string | null; readonly name: string };
} = {
  input: { type: 'uncached_input_tokens', name: 'Input Tokens' },
  cacheRead: { type: 'cache_read_input_tokens', name: 'Input Tokens, Cache Hit' },
  cacheWrite5m: {
    type: 'cache_creation.ephemeral_5m_input_tokens',
    name: 'Input Tokens, Cache Write (5 min)',
  },
  cacheWrite1h: {
    type: 'cache_creation.ephemeral_1h_input_tokens',
    name: 'Input Tokens, Cache Write (1 h)',
  },
  imageInput: { type: 'uncached_input_tokens', name: 'Input Tokens, Images' },
  audioInput: { type: 'uncached_input_tokens', name: 'Input Tokens, Audio' },
  output: { type: 'output_tokens', name: 'Output Tokens' },
  reasoning: { type: 'output_tokens', name: 'Output Tokens, Thinking' },
  imageOutput: { type: 'output_tokens', name: 'Output Tokens, Images' },
  audioOutput: { type: 'output_tokens', name: 'Output Tokens, Audio' },
  toolCalls: { type: null, name: 'Tool Calls' },
  request: { type: null, name: 'Requests' },
  notCharged: { type: null, name: 'Not Charged' },
};

export function showCosts(page: ReportPage, sums: readonly UsageSum[], prices: PricesThen): object {
  if (!page.groupBy.includes('description')) {
    return pageOf(byBucket(page, sums), page.next, ({ key, chargedNano }) =>
      resultOf(key, chargedNano),
    );
  }
  return pageOf(byBucket(page, costLines(sums, prices)), page.next, lineOf);
}

function lineOf({ key, item, amountNano }: CostLine): object {
  return {
    ...resultOf(key, amountNano),
    description: `${servedName(key)} Usage - ${ITEMS[item].name}`,
    cost_type: item === 'toolCalls' ? 'web_search' : 'tokens',
    model: key.model ?? null,
    service_tier: key.tier ?? null,
    token_type: ITEMS[item].type,
  };
}

function resultOf(key: SumKey, amountNano: bigint) {
  return {
    currency: 'USD',
    amount: cents(amountNano),
    workspace_id: key.project ?? null,
    description: null,
    cost_type: null,
    context_window: null,
    model: null,
    service_tier: null,
    token_type: null,
    inference_geo: null,
  };
}

const NANO_PER_CENT = 10_000_000n;

/** `1234.5678901`: the currency's smallest unit, exact to the nano-dollar. */
function cents(amountNano: bigint): string {
  const magnitude = amountNano < 0n ? -amountNano : amountNano;
  const fraction = (magnitude % NANO_PER_CENT).toString().padStart(7, '0').replace(/0+$/, '');
  const whole = `${amountNano < 0n ? '-' : ''}${magnitude / NANO_PER_CENT}`;
  return fraction === '' ? `${whole}.0` : `${whole}.${fraction}`;
}
