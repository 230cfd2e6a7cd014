// What reports on usage need of the store: sums that are as exact as the usage rows, and the prices behind them.

import type { PricesThen } from '../domain/reports/prices-then.ts';
import type { UsageAsk, UsageSum } from '../domain/reports/usage-ask.ts';

export interface UsageReports {
  /** In the order of buckets. Undefined where there are more sums than a page can hold. */
  sums(ask: UsageAsk): Promise<readonly UsageSum[] | undefined>;

  pricesOf(versions: readonly number[]): Promise<PricesThen>;

  /** Brings the roll-ups up to date, so that `sums` stays fast. How many rows were added; undefined: another process does. */
  rollUp(): Promise<number | undefined>;
}
