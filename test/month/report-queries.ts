// What pages about usage ask for.

import type { Dimension, UsageAsk } from '../../server/src/domain/reports/usage-ask.ts';
import { MONTH_FROM_MS, MONTH_TO_MS } from './month.ts';

const DAY_MS = 86_400_000;

export type ReportQuery = { readonly what: string; readonly ask: UsageAsk };

export function reportQueries(organisationId: string): readonly ReportQuery[] {
  const month = { organisationId, fromMs: MONTH_FROM_MS, toMs: MONTH_TO_MS } as const;
  const week = { ...month, toMs: MONTH_FROM_MS + 7 * DAY_MS };
  const day = { ...month, fromMs: MONTH_TO_MS - DAY_MS };
  const query = (
    what: string,
    range: typeof month,
    width: UsageAsk['width'],
    by: readonly Dimension[],
    only: UsageAsk['only'] = {},
  ): ReportQuery => ({
    what,
    ask: { ...range, width, by, only, what: 'generations', tokensOnly: true },
  });
  return [
    query('a month by day', month, 'day', []),
    query('a month by day and model', month, 'day', ['model']),
    query('a month by day, project, key, model and tier', month, 'day', [
      'project',
      'key',
      'model',
      'tier',
    ]),
    {
      what: 'costs of a month by line',
      ask: { ...month, width: 'day', by: ['model', 'tier', 'price'], only: {}, what: 'everything' },
    },
    query('a month of one key by day and model', month, 'day', ['model'], {
      key: [`${organisationId}_p1_k1`],
    }),
    query('a month by day and end user', month, 'day', ['endUser']),
    query('a week by hour', week, 'hour', []),
    query('a week by hour, key and model', week, 'hour', ['key', 'model']),
    query('a day by minute', day, 'minute', []),
    query('a day by minute and model', day, 'minute', ['model']),
    query('two days by hour and end user', { ...month, toMs: MONTH_FROM_MS + 2 * DAY_MS }, 'hour', [
      'endUser',
    ]),
  ];
}
