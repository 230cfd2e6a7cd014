// What was charged, in the shape of OpenAI's cost report. The amounts of a bucket add up to what its customer paid.

import {
  costLines,
  servedName,
  type CostItem,
  type CostLine,
} from '../../domain/reports/cost-lines.ts';
import type { PricesThen } from '../../domain/reports/prices-then.ts';
import type { SumKey, UsageSum } from '../../domain/reports/usage-ask.ts';
import { byBucket, type ReportPage } from '../report-protocol.ts';
import type { CostPage } from './query.ts';
import { pageOf } from './usage.ts';

const ITEM_NAMES: { readonly [item in CostItem]: string } = {
  input: 'input',
  cacheRead: 'cached input',
  cacheWrite5m: 'cache write (5 min)',
  cacheWrite1h: 'cache write (1 h)',
  imageInput: 'image input',
  audioInput: 'audio input',
  output: 'output',
  reasoning: 'reasoning',
  imageOutput: 'image output',
  audioOutput: 'audio output',
  toolCalls: 'tool calls',
  request: 'requests',
  notCharged: 'not charged',
};

const NO_TOKENS: readonly CostItem[] = ['toolCalls', 'request', 'notCharged'];

export function showCosts(
  page: ReportPage & Pick<CostPage, 'lineItems'>,
  sums: readonly UsageSum[],
  prices: PricesThen,
): object {
  const { groupBy, lineItems } = page;
  if (!groupBy.includes('line_item')) {
    return pageOf(byBucket(page, sums), page.next, ({ key, chargedNano }) =>
      resultOf(key, chargedNano),
    );
  }
  const lines = costLines(sums, prices).filter(
    (line) => lineItems === undefined || lineItems.includes(nameOf(line)),
  );
  return pageOf(byBucket(page, lines), page.next, (line) => ({
    ...resultOf(line.key, line.amountNano),
    line_item: nameOf(line),
    quantity: line.quantity,
    quantity_unit: NO_TOKENS.includes(line.item) ? null : 'tokens',
  }));
}

function nameOf({ key, item }: CostLine): string {
  return `${servedName(key)}, ${ITEM_NAMES[item]}`;
}

function resultOf(key: SumKey, amountNano: bigint) {
  return {
    object: 'organization.costs.result',
    // The shape wants a number; the exact amount is in our own management API.
    amount: { value: Number(amountNano) / 1e9, currency: 'usd' },
    line_item: null,
    project_id: key.project ?? null,
    api_key_id: key.key ?? null,
    user_id: key.endUser ?? null,
    quantity: null,
    quantity_unit: null,
  };
}
