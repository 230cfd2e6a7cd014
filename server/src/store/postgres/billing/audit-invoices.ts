// Whether invoices are what the ledger and the rows of usage say, and their numbers and bytes what they were.

import type { Check } from '../audit-check.ts';

export const INVOICE_CHECKS: readonly Check[] = [
  {
    name: 'I12 the total of an invoice is its lines and its tax, and its lines are its usage in the ledger, rounded',
    sql: `SELECT format('%s: total %s, lines and tax %s, usage %s, rounding %s', number, total_cents, lines, usage_nano, rounding_nano) AS detail
            FROM (
              SELECT i.*, (document::jsonb -> 'tax' ->> 'cents')::numeric AS tax,
                  (SELECT sum((l ->> 'amountCents')::numeric) FROM jsonb_array_elements(document::jsonb -> 'lines') AS l)
                    + coalesce((document::jsonb -> 'tax' ->> 'cents')::numeric, 0) AS lines,
                  (SELECT coalesce(sum((l ->> 'amountNano')::numeric), 0) FROM jsonb_array_elements(document::jsonb -> 'lines') AS l) AS nano,
                  (SELECT coalesce(sum((l ->> 'amountCents')::numeric) FILTER (WHERE l ? 'amountNano'), 0) * 10000000
                    FROM jsonb_array_elements(document::jsonb -> 'lines') AS l) AS rounded
                FROM invoice AS i WHERE number IS NOT NULL
            ) AS x
            WHERE coalesce(lines, 0) <> total_cents OR nano <> usage_nano OR rounded - nano <> rounding_nano`,
  },
  {
    name: 'I12 what an invoice has of usage is what the ledger charged for it',
    sql: `SELECT format('%s: %s in its document, %s in its usage', i.number, i.usage_nano, coalesce(u.charged, 0)) AS detail
            FROM invoice AS i
            LEFT JOIN (SELECT invoice_id, sum(charged_nano) AS charged
                FROM (SELECT invoice_id, charged_nano::bigint FROM invoice_usage
                    UNION ALL SELECT invoice_id, charged_nano
                      FROM invoice_rerated_day JOIN rerated_day USING (organisation_id, number, day, model, tier)) AS part
                GROUP BY 1) AS u ON u.invoice_id = i.id
            WHERE i.number IS NOT NULL AND i.usage_nano <> coalesce(u.charged, 0)`,
  },
  {
    // More can have been used since, late; never less.
    name: 'I12 invoices have no usage that is not in the books',
    sql: `SELECT format('%s of %s on %s: invoices have %s nano-dollars in %s requests, usage %s in %s', b.model, b.organisation_id,
                to_char(b.day AT TIME ZONE 'UTC', 'YYYY-MM-DD'), b.charged, b.requests, coalesce(u.charged, 0), coalesce(u.requests, 0)) AS detail
            FROM (SELECT i.organisation_id, day, model, tier, price_version, sum(requests) AS requests, sum(charged_nano) AS charged
                FROM invoice_usage JOIN invoice AS i ON i.id = invoice_id GROUP BY 1, 2, 3, 4, 5) AS b
            LEFT JOIN (SELECT organisation_id, starts_at AS day, model, tier, price_version, sum(requests) AS requests,
                  sum(charged_nano) AS charged
                FROM (SELECT organisation_id, starts_at, model, tier, price_version, requests, charged_nano
                      FROM usage_day WHERE NOT failed
                    UNION ALL
                    SELECT organisation_id, date_trunc('day', started_at, 'UTC'), model, tier, price_version, 1, charged_nano
                      FROM usage, usage_roll_up_position AS p WHERE settled_xid >= p.upto AND outcome <> 'failed') AS e
                GROUP BY 1, 2, 3, 4, 5) AS u USING (organisation_id, day, model, tier, price_version)
            WHERE b.requests > coalesce(u.requests, 0) OR b.charged > coalesce(u.charged, 0)`,
  },
  {
    name: 'I12 what rounding made of an invoice is its transfer',
    sql: `SELECT format('%s: %s on the invoice, %s in the ledger', coalesce(i.id, t.id), i.amount, t.amount) AS detail
            FROM (SELECT 'rounding:' || number AS id, rounding_nano AS amount FROM invoice WHERE rounding_nano <> 0) AS i
            FULL JOIN (SELECT id, CASE debit WHEN 'rounding' THEN amount_nano::bigint ELSE -amount_nano END AS amount
                FROM transfer WHERE kind = 'rounding') AS t ON t.id = i.id
            WHERE i.amount IS DISTINCT FROM t.amount`,
  },
  {
    name: 'I12 what is payable of tax is the tax of all that is final',
    sql: `SELECT format('%s: %s in its document, %s in the ledger', coalesce(i.number, t.id), i.amount, t.amount) AS detail
            FROM (SELECT number, tax_cents * 10000000 AS amount FROM invoice WHERE tax_cents <> 0) AS i
            FULL JOIN (SELECT id, CASE credit WHEN 'tax_payable' THEN amount_nano::bigint ELSE -amount_nano END AS amount
                FROM transfer WHERE debit = 'tax_payable' OR credit = 'tax_payable') AS t ON t.id = 'tax:' || i.number
            WHERE i.amount IS DISTINCT FROM t.amount
          UNION ALL
          SELECT format('%s: %s cents, its document says %s', number, tax_cents,
                coalesce(document::jsonb -> 'tax' ->> 'cents', document::jsonb -> 'taxIncluded' ->> 'cents'))
            FROM invoice WHERE tax_cents IS NOT NULL AND tax_cents
              <> coalesce(document::jsonb -> 'tax' ->> 'cents', document::jsonb -> 'taxIncluded' ->> 'cents', '0')::bigint`,
  },
  {
    name: 'I12 what invoices ask for is owed, and none is paid more than once',
    sql: `SELECT format('%s: invoices ask for %s, %s is owed', o.organisation_id, o.open, -a.balance_nano) AS detail
            FROM (SELECT organisation_id, sum(open_nano) AS open FROM invoice_open GROUP BY 1) AS o
            LEFT JOIN account AS a ON a.id = 'receivable:' || o.organisation_id
            WHERE o.open > greatest(-coalesce(a.balance_nano, 0), 0)
          UNION ALL
          SELECT format('%s: %s is due, %s more was paid', number, due_nano, -open_nano) FROM invoice_open WHERE open_nano < 0
          UNION ALL
          SELECT format('%s: %s nano-dollars are due, its document says %s cents', number, due_nano,
                document::jsonb ->> 'amountDueCents')
            FROM invoice WHERE due_nano <> (document::jsonb ->> 'amountDueCents')::bigint * 10000000`,
  },
  {
    name: 'I12 what is final has the bytes that it was frozen with',
    sql: `SELECT format('%s: its document does not have the hash %s', number, sha256) AS detail FROM invoice
            WHERE number IS NOT NULL AND encode(sha256(convert_to(document, 'UTF8')), 'hex') <> sha256`,
  },
  {
    name: 'I13 numbers of invoices have no gap',
    sql: `SELECT format('%s: %s numbers up to %s, the counter says %s', c.series, i.count, i.highest, c.last) AS detail
            FROM invoice_counter AS c
            LEFT JOIN (SELECT split_part(number, '-', 1) AS series, count(*) AS count,
                  max(split_part(number, '-', 2)::bigint) AS highest
                FROM invoice WHERE number IS NOT NULL GROUP BY 1) AS i USING (series)
            WHERE coalesce(i.count, 0) <> c.last OR coalesce(i.highest, 0) <> c.last`,
  },
];
