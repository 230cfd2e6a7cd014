// The usage report: rows as the store groups them, with the keys' names and an exact total.

import type { ManagementError } from '@turnpike/contract/errors.ts';
import { USAGE_DAYS_MAX, USAGE_ROWS_MAX } from '@turnpike/contract/limits.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type { UsageRow } from '@turnpike/contract/usage.ts';

import { NO_USAGE, USAGE_BUCKETS } from '../domain/generation/usage.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { KeyRecord, UsageQuery, UsageReportRow } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

const DAY_MS = 86_400_000;

export function usage({ accounts }: ControlDeps): Pick<Handlers, 'getUsage'> {
  return {
    async getUsage(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const range = rangeOf(input.from, input.to);
      if (!range.ok) return range;
      const query: UsageQuery = {
        organisationId: organisation.value.id,
        ...range.value,
        groupBy: input.by,
      };
      const rows = await accounts.usage(query);
      if (rows.length > USAGE_ROWS_MAX) return err(tooManyRows(rows.length));
      const keys = input.by.includes('key') ? await accounts.keys(query.organisationId) : [];
      const named = new Map(keys.map((key) => [key.id, key]));
      return ok({
        organisationId: query.organisationId,
        from: input.from,
        to: input.to,
        by: input.by,
        rows: rows.map((row) => rowOf(row, named)),
        total: totalOf(rows),
      });
    },
  };
}

function rangeOf(
  from: string,
  to: string,
): Result<Pick<UsageQuery, 'fromMs' | 'toMs'>, ManagementError> {
  const fromMs = Date.parse(from);
  const toMs = Date.parse(to);
  if (fromMs >= toMs) {
    return err({ code: 'invalid-request', message: '"from" must be before "to".', field: 'from' });
  }
  if (toMs - fromMs > USAGE_DAYS_MAX * DAY_MS) {
    const message = `A report covers at most ${USAGE_DAYS_MAX} days: ask for a shorter time, or for several reports.`;
    return err({ code: 'invalid-request', message, field: 'from' });
  }
  return ok({ fromMs, toMs });
}

function tooManyRows(rows: number): ManagementError {
  const message = `The report would have ${rows} rows and the most is ${USAGE_ROWS_MAX}: ask for a shorter time or fewer dimensions.`;
  return { code: 'invalid-request', message, field: 'by' };
}

function rowOf(row: UsageReportRow, keys: ReadonlyMap<string, KeyRecord>): UsageRow {
  const { day, model, keyId, requests, tokens, costNano } = row;
  const key = keyId === undefined ? undefined : keys.get(keyId);
  return {
    ...(day === undefined ? {} : { day }),
    ...(model === undefined ? {} : { model }),
    ...(keyId === undefined
      ? {}
      : { key: { id: keyId, name: key?.name ?? '', redacted: key?.redacted ?? '' } }),
    requests,
    tokens: { ...tokens },
    cost: moneyOf(costNano),
  };
}

function totalOf(rows: readonly UsageReportRow[]): Pick<UsageRow, 'requests' | 'tokens' | 'cost'> {
  const tokens = { ...NO_USAGE };
  let requests = 0;
  let costNano = 0n;
  for (const row of rows) {
    requests += row.requests;
    costNano += row.costNano;
    for (const bucket of USAGE_BUCKETS) tokens[bucket] += row.tokens[bucket];
  }
  return { requests, tokens, cost: moneyOf(costNano) };
}
