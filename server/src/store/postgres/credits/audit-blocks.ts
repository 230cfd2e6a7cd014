// What must be true of credit blocks, computed from nothing but what is never changed: burns, movements and transfers.

import type { Check } from '../audit-check.ts';

const LEFT_OTHERWISE = `SELECT block_id, sum(amount_nano) AS amount FROM credit_movement GROUP BY block_id`;
const BURNT = `SELECT block_id, sum(amount_nano) AS amount FROM credit_burn GROUP BY block_id`;

export const BLOCK_CHECKS: readonly Check[] = [
  {
    name: 'I2 what remains of a block is its amount less what was burnt, taken back and expired',
    sql: `SELECT format('block %s has %s left, its history says %s', b.id, b.remaining_nano,
              b.amount_nano - coalesce(u.amount, 0) - coalesce(m.amount, 0)) AS detail
            FROM credit_block AS b LEFT JOIN (${BURNT}) AS u ON u.block_id = b.id
            LEFT JOIN (${LEFT_OTHERWISE}) AS m ON m.block_id = b.id
            WHERE b.remaining_nano <> b.amount_nano - coalesce(u.amount, 0) - coalesce(m.amount, 0)`,
  },
  {
    name: 'I3 effective blocks are the credits and what was charged and is not burnt yet',
    sql: `SELECT format('%s: blocks have %s, credits %s, charged and not burnt %s', a.organisation_id,
              coalesce(b.amount, 0), a.balance_nano, coalesce(t.amount, 0) - coalesce(u.amount, 0)) AS detail
            FROM account AS a
            LEFT JOIN (SELECT organisation_id, sum(remaining_nano) AS amount FROM credit_block WHERE effective
                GROUP BY 1) AS b ON b.organisation_id = a.organisation_id
            LEFT JOIN (SELECT debit, sum(amount_nano) AS amount FROM transfer WHERE kind IN ('settle', 'rerate') GROUP BY 1) AS t
              ON t.debit = a.id
            LEFT JOIN (SELECT organisation_id, sum(amount_nano) AS amount FROM credit_burn GROUP BY 1) AS u
              ON u.organisation_id = a.organisation_id
            WHERE a.kind = 'credits' AND coalesce(b.amount, 0) - a.balance_nano
              <> coalesce(t.amount, 0) - coalesce(u.amount, 0)`,
  },
  {
    name: 'I3 blocks that are not effective yet are the pending credits',
    sql: `SELECT format('%s: blocks have %s, pending credits %s', coalesce(a.organisation_id, b.organisation_id),
              b.amount, a.balance_nano) AS detail
            FROM (SELECT organisation_id, balance_nano FROM account WHERE kind::text = 'pending-credits') AS a
            FULL JOIN (SELECT organisation_id, sum(remaining_nano) AS amount FROM credit_block WHERE NOT effective
                GROUP BY 1) AS b ON b.organisation_id = a.organisation_id
            WHERE coalesce(a.balance_nano, 0) <> coalesce(b.amount, 0)`,
  },
  {
    name: 'I3 what is left of a credit line is what its account says, within the limit',
    sql: `SELECT format('%s: blocks have %s, the line %s, owed %s of %s', a.organisation_id, b.amount, -a.balance_nano,
              -r.balance_nano, p.credit_limit_nano) AS detail
            FROM account AS a
            JOIN credit_position AS p ON p.organisation_id = a.organisation_id
            LEFT JOIN account AS r ON r.id = 'receivable:' || a.organisation_id
            LEFT JOIN (SELECT organisation_id, sum(remaining_nano) AS amount FROM credit_block
                WHERE source = 'credit-line' GROUP BY 1) AS b ON b.organisation_id = a.organisation_id
            WHERE a.kind::text = 'credit-line' AND (-a.balance_nano <> coalesce(b.amount, 0)
              OR (-a.balance_nano > greatest(p.credit_limit_nano + least(coalesce(r.balance_nano, 0), 0), 0)
                AND NOT p.line_is_long))`,
  },
  {
    name: 'I5 what was burnt is one line without a gap',
    sql: `SELECT format('%s: the piece up to %s begins at %s, the one before ends at %s', organisation_id, upto_nano,
              upto_nano - amount_nano, before) AS detail
            FROM (SELECT *, lag(upto_nano, 1, 0::bigint) OVER (PARTITION BY organisation_id ORDER BY upto_nano) AS before
                FROM credit_burn) AS piece
            WHERE upto_nano - amount_nano <> before`,
  },
  {
    name: 'I15 nothing burns before it is effective',
    sql: `SELECT format('block %s is effective at %s and burnt at %s', b.id, b.effective_at, u.created_at) AS detail
            FROM credit_burn AS u JOIN credit_block AS b ON b.id = u.block_id
            WHERE u.created_at < b.effective_at OR u.created_at < b.created_at`,
  },
  {
    name: 'I12 what left a block has its transfer, with the same amount',
    sql: `SELECT format('%s: %s left the block, the transfer says %s', m.id, m.amount_nano, t.amount_nano) AS detail
            FROM credit_movement AS m LEFT JOIN transfer AS t ON t.id = m.id
            WHERE m.amount_nano::bigint IS DISTINCT FROM t.amount_nano::bigint`,
  },
];
