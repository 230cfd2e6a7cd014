// The lines of an invoice: usage by model, tier, what was counted and its price. Each line is a sum of nano-dollars that is
// rounded to cents once; the nano-dollars of all lines are what the ledger has.

import type { PricesThen } from '../reports/prices-then.ts';
import { splitCost } from '../reports/split-cost.ts';
import type { CostItem } from '../reports/cost-lines.ts';
import type { Usage } from '../generation/usage.ts';
import { centsOf } from './cents.ts';
import type { Days, DocumentLine } from './document.ts';

/** What is not on an invoice yet, of one day. */
export type DayUsage = {
  readonly day: string;
  readonly model: string;
  readonly tier: string;
  readonly priceVersion: number;
  readonly requests: number;
  readonly tokens: Usage;
  readonly costNano: bigint;
  readonly chargedNano: bigint;
  readonly overrunNano: bigint;
};

const ITEM_NAMES: { readonly [item in CostItem]: string } = {
  input: 'input',
  cacheRead: 'input from the cache',
  cacheWrite5m: 'written to the cache, 5 minutes',
  cacheWrite1h: 'written to the cache, 1 hour',
  imageInput: 'image input',
  audioInput: 'audio input',
  output: 'output',
  reasoning: 'reasoning',
  imageOutput: 'image output',
  audioOutput: 'audio output',
  toolCalls: 'hosted tools',
  request: 'requests',
  notCharged: 'beyond what was held, not charged',
};
const ORDER = Object.keys(ITEM_NAMES);

type Piece = {
  readonly place: string;
  readonly description: string;
  readonly item: CostItem;
  readonly unitPriceNano: bigint | undefined;
  readonly late: boolean;
  readonly days: Days;
  readonly quantity: number;
  readonly amountNano: bigint;
};

/** `period`: days before it are usage that was settled late, and keep their dates. */
export function usageLines(
  usage: readonly DayUsage[],
  period: Days,
  prices: PricesThen,
): readonly DocumentLine[] {
  const merged = new Map<string, Piece>();
  for (const piece of usage.flatMap((day) => piecesOf(day, period, prices))) {
    const before = merged.get(piece.place);
    merged.set(piece.place, before === undefined ? piece : together(before, piece));
  }
  return [...merged.values()].toSorted(inOrder).map(lineOf);
}

function piecesOf(day: DayUsage, period: Days, prices: PricesThen): readonly Piece[] {
  const { model, tier, priceVersion: version, chargedNano, overrunNano } = day;
  const price = prices({ version, model, tier });
  const late = day.day < period.from;
  const served = tier === 'standard' ? model : `${model} (${tier})`;
  const piece = (item: CostItem, quantity: number, amountNano: bigint): Piece => {
    const unitPriceNano = item === 'notCharged' ? undefined : price?.[item];
    return {
      place: JSON.stringify([model, tier, item, String(unitPriceNano), late]),
      description: `${served}, ${ITEM_NAMES[item]}`,
      item,
      unitPriceNano,
      late,
      days: { from: day.day, to: day.day },
      quantity,
      amountNano,
    };
  };
  const parts = splitCost({ ...day, costNano: chargedNano + overrunNano }, price).map((part) =>
    piece(part.item, part.quantity, part.amountNano),
  );
  return overrunNano === 0n ? parts : [...parts, piece('notCharged', day.requests, -overrunNano)];
}

function together(one: Piece, other: Piece): Piece {
  return {
    ...one,
    quantity: one.quantity + other.quantity,
    amountNano: one.amountNano + other.amountNano,
    days: {
      from: one.days.from < other.days.from ? one.days.from : other.days.from,
      to: one.days.to > other.days.to ? one.days.to : other.days.to,
    },
  };
}

/** By model and tier, then as the items are listed; the newest price last, what was late at the end. */
function inOrder(one: Piece, other: Piece): number {
  const key = ({ late, description, item, days }: Piece): string =>
    `${late ? 1 : 0} ${description.split(', ')[0]} ${String(ORDER.indexOf(item)).padStart(2, '0')} ${days.from}`;
  const [a, b] = [key(one), key(other)];
  return a < b ? -1 : Number(a > b);
}

function lineOf({ description, item, unitPriceNano, late, days, quantity, amountNano }: Piece) {
  return {
    description: late ? `${description}, settled late` : description,
    ...(late && { days }),
    ...(item !== 'notCharged' && { quantity: { count: quantity, unit: unitOf(item) } }),
    ...(unitPriceNano !== undefined && { unitPriceNano: `${unitPriceNano}` }),
    amountCents: `${centsOf(amountNano)}`,
    amountNano: `${amountNano}`,
  };
}

function unitOf(item: CostItem): 'tokens' | 'calls' | 'requests' {
  if (item === 'toolCalls') return 'calls';
  return item === 'request' ? 'requests' : 'tokens';
}
