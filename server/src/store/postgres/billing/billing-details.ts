// Who sells and who is billed.

import type pg from 'pg';
import type { BillingDetails, Seller } from '../../../ports/billing.ts';

type Client = pg.Pool | pg.ClientBase;
type PartyRow = {
  readonly name: string;
  readonly address: readonly string[] | null;
  readonly email: string | null;
  readonly tax_id: string | null;
};

const TERMS_DAYS_DEFAULT = 30;

export async function readSeller(client: Client): Promise<Seller> {
  const { rows } = await client.query<PartyRow>(
    'SELECT name, address, email, tax_id FROM seller_details',
  );
  return rows[0] === undefined ? { name: 'Turnpike', address: [] } : partyOf(rows[0]);
}

export async function writeSeller(client: Client, seller: Seller): Promise<void> {
  const { name, address, email, taxId } = seller;
  await client.query(
    `INSERT INTO seller_details (name, address, email, tax_id) VALUES ($1, $2, $3, $4)
       ON CONFLICT (only_row) DO UPDATE
         SET name = excluded.name, address = excluded.address, email = excluded.email, tax_id = excluded.tax_id`,
    [name, address, email ?? null, taxId ?? null],
  );
}

/** Until they are entered: the organisation's name, no tax, 30 days. */
export async function readDetails(client: Client, organisationId: string): Promise<BillingDetails> {
  type Row = PartyRow & {
    readonly tax_rate_ppm: number | null;
    readonly terms_days: number | null;
  };
  const { rows } = await client.query<Row>(
    `SELECT coalesce(d.name, o.name) AS name, d.address, d.email, d.tax_id, d.tax_rate_ppm, d.terms_days
       FROM organisation AS o LEFT JOIN billing_details AS d ON d.organisation_id = o.id WHERE o.id = $1`,
    [organisationId],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`There is no organisation "${organisationId}".`);
  return {
    organisationId,
    ...partyOf(row),
    taxRatePpm: row.tax_rate_ppm ?? 0,
    termsDays: row.terms_days ?? TERMS_DAYS_DEFAULT,
  };
}

export async function writeDetails(client: Client, details: BillingDetails): Promise<void> {
  const { organisationId, name, address, email, taxId, taxRatePpm, termsDays } = details;
  await client.query(
    `INSERT INTO billing_details (organisation_id, name, address, email, tax_id, tax_rate_ppm, terms_days)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (organisation_id) DO UPDATE
         SET name = excluded.name, address = excluded.address, email = excluded.email, tax_id = excluded.tax_id,
           tax_rate_ppm = excluded.tax_rate_ppm, terms_days = excluded.terms_days`,
    [organisationId, name, address, email ?? null, taxId ?? null, taxRatePpm, termsDays],
  );
}

function partyOf({ name, address, email, tax_id: taxId }: PartyRow): Seller {
  return {
    name,
    address: address ?? [],
    ...(email !== null && { email }),
    ...(taxId !== null && { taxId }),
  };
}
