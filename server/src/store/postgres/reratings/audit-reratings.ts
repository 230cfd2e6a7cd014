// Whether what was re-rated is what the prices say, request by request, and in the ledger to the nano-dollar.

import type { Check } from '../audit-check.ts';
import { COST_SQL } from '../price-columns.ts';
import { chargeAtSql } from './rated-sql.ts';

export const RERATING_CHECKS: readonly Check[] = [
  {
    name: 'I7 what a request was re-rated to is its tokens at that version, and begins where it stood before',
    sql: `SELECT format('%s in re-rating %s: %s to %s, charged %s more; its tokens at version %s come to %s, it stood at %s',
              request_id, number, before_nano, after_nano, r_charged, to_version, priced, stood) AS detail
            FROM (
              SELECT r.request_id, r.number, r.before_nano::bigint, r.after_nano::bigint, r.to_version,
                  r.charged_nano AS r_charged, priced, stood, ${chargeAtSql('r.after_nano::bigint')}
                    - ${chargeAtSql('r.before_nano::bigint')} AS owing
                FROM (
                  SELECT *, lag(after_nano::bigint) OVER (PARTITION BY request_id ORDER BY number) AS last FROM rerated_usage
                ) AS r
                LEFT JOIN usage AS u ON u.request_id = r.request_id AND u.organisation_id = r.organisation_id
                LEFT JOIN price AS p ON p.version = r.to_version AND p.model = u.model AND p.tier = u.tier
                CROSS JOIN LATERAL (SELECT CASE WHEN p.version IS NULL THEN u.cost_nano::bigint ELSE (${COST_SQL})::bigint END
                    AS priced, coalesce(last, u.cost_nano::bigint) AS stood) AS x
            ) AS c
            WHERE after_nano IS DISTINCT FROM priced OR before_nano IS DISTINCT FROM stood OR r_charged IS DISTINCT FROM owing`,
  },
  {
    name: 'I7 an adjustment is the sum of its requests',
    sql: `SELECT format('re-rating %s of %s: its days say %s cost and %s charged, its requests %s and %s', number, organisation_id,
              d.cost, d.charged, q.cost, q.charged) AS detail
            FROM (SELECT number, organisation_id, sum(cost_nano) AS cost, sum(charged_nano) AS charged FROM rerated_day
                WHERE model <> '' GROUP BY 1, 2) AS d
            FULL JOIN (SELECT number, organisation_id, sum(after_nano::bigint - before_nano) AS cost, sum(r.charged_nano) AS charged
                FROM rerated_usage AS r JOIN rerated_organisation USING (number, organisation_id)
                GROUP BY 1, 2) AS q USING (number, organisation_id)
            WHERE d.cost IS DISTINCT FROM q.cost OR d.charged IS DISTINCT FROM q.charged
          UNION ALL
          SELECT format('re-rating %s of %s: charged %s and settled %s, its days say %s and %s', number, organisation_id,
              o.charged_nano, o.settled_nano, coalesce(d.charged, 0), coalesce(d.settled, 0))
            FROM rerated_organisation AS o
            LEFT JOIN (SELECT number, organisation_id, sum(charged_nano) FILTER (WHERE model <> '') AS charged,
                sum(charged_nano) AS settled FROM rerated_day GROUP BY 1, 2) AS d USING (number, organisation_id)
            WHERE o.charged_nano <> coalesce(d.charged, 0) OR o.settled_nano <> coalesce(d.settled, 0)`,
  },
  {
    name: 'I12 an adjustment is in the ledger, with the same amounts on both sides',
    sql: `SELECT format('re-rating %s of %s: %s %s in the ledger, %s in its days', coalesce(t.number, w.number),
              coalesce(t.organisation_id, w.organisation_id), coalesce(t.account, w.account), coalesce(t.amount, 0),
              coalesce(w.amount, 0)) AS detail
            FROM (
              SELECT number, organisation_id, account, sum(amount) AS amount
                FROM (
                  SELECT x.number, x.organisation_id, l.account, l.amount
                    FROM rerating_transfer AS x LEFT JOIN transfer AS t ON t.id = x.transfer_id
                    CROSS JOIN LATERAL (VALUES (t.credit, t.amount_nano::bigint), (t.debit, -t.amount_nano::bigint))
                      AS l (account, amount)
                    WHERE l.account LIKE 'revenue:%'
                  UNION ALL
                  SELECT x.number, x.organisation_id, 'customer', -l.amount
                    FROM rerating_transfer AS x LEFT JOIN transfer AS t ON t.id = x.transfer_id
                    CROSS JOIN LATERAL (VALUES (t.credit, t.amount_nano::bigint), (t.debit, -t.amount_nano::bigint))
                      AS l (account, amount)
                    WHERE l.account IN ('credits:' || x.organisation_id, 'receivable:' || x.organisation_id)
                ) AS leg
                GROUP BY 1, 2, 3
            ) AS t
            FULL JOIN (
              SELECT number, organisation_id, 'revenue:' || model || ':' || tier AS account, sum(cost_nano) AS amount
                FROM rerated_day WHERE model <> '' GROUP BY 1, 2, 3
              UNION ALL
              SELECT number, organisation_id, 'customer', settled_nano FROM rerated_organisation
            ) AS w ON w.number = t.number AND w.organisation_id = t.organisation_id AND w.account = t.account
            WHERE coalesce(t.amount, 0) <> coalesce(w.amount, 0)`,
  },
  {
    name: 'I5 every transfer of a re-rating is known to one, and the other way round',
    sql: `SELECT format('%s', coalesce(t.id, x.transfer_id)) AS detail
            FROM (SELECT id FROM transfer WHERE kind = 'rerate') AS t
            FULL JOIN rerating_transfer AS x ON x.transfer_id = t.id
            WHERE t.id IS NULL OR x.transfer_id IS NULL`,
  },
];
