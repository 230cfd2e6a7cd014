// What a request costs now and would cost: the SQL that a look and a run share, so that they come to the same.

import { COST_SQL } from '../price-columns.ts';

/** What request `u` cost last: as it was admitted, or as the last re-rating left it. */
export const LAST_SQL = `LEFT JOIN LATERAL (
    SELECT after_nano, to_version FROM rerated_usage AS r
      WHERE r.request_id = u.request_id ORDER BY number DESC LIMIT 1
  ) AS last ON true`;

export const BEFORE_SQL = 'coalesce(last.after_nano, u.cost_nano)::bigint';
export const FROM_VERSION_SQL = 'coalesce(last.to_version, u.price_version)';

/** `version` names a parameter; null: as it was admitted, which needs no price. Beside it `p` is the price, if there is one. */
export function priceJoin(version: string): string {
  return `LEFT JOIN price AS p ON p.version = ${version} AND p.model = u.model AND p.tier = u.tier`;
}

export function afterSql(version: string): string {
  return `CASE WHEN ${version} IS NULL THEN u.cost_nano::bigint WHEN p.version IS NOT NULL THEN (${COST_SQL})::bigint END`;
}

/** chargeAt() of domain/pricing/rerating.ts. */
export function chargeAtSql(cost: string): string {
  return `CASE WHEN ${cost} > u.cost_nano THEN u.charged_nano + ${cost} - u.cost_nano ELSE least(${cost}, u.charged_nano) END`;
}
