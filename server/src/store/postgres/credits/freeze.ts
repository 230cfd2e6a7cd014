// Whether an organisation's keys stop: when credits that it had spent are taken back, and until it has paid. A limit that
// was lowered stops nobody; it leaves nothing to spend on credit.

import type pg from 'pg';
import { chargebackFreeze } from '../../../domain/accounts/freeze.ts';
import type { Reversal } from '../../../domain/credits/credit-block.ts';
import { insertFreeze } from '../freeze-rows.ts';

/** After a reversal: whether that stops the keys. True when it has, which gateways must hear of. */
export async function freeze(client: pg.ClientBase, organisationId: string): Promise<boolean> {
  return change(
    client,
    organisationId,
    `NOT frozen AND freezes_on <> 'never' AND -a.balance_nano > credit_limit_nano`,
  );
}

/** After a chargeback: by some organisations' policy each one stops the keys, until a person has looked at it. */
export async function freezeByPolicy(
  client: pg.ClientBase,
  organisationId: string,
  reversal: Reversal,
): Promise<boolean> {
  if (reversal.reason !== 'chargeback') return false;
  const { rowCount } = await client.query(
    `SELECT FROM credit_position WHERE organisation_id = $1 AND freezes_on = 'chargeback'`,
    [organisationId],
  );
  if (rowCount === 0) return false;
  await insertFreeze(client, chargebackFreeze(organisationId, reversal));
  return true;
}

/** After a payment: whether the keys go on. True when they do and did not. */
export async function thaw(client: pg.ClientBase, organisationId: string): Promise<boolean> {
  return change(client, organisationId, 'frozen AND -a.balance_nano <= credit_limit_nano');
}

async function change(
  client: pg.ClientBase,
  organisationId: string,
  when: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE credit_position AS p SET frozen = NOT frozen
       FROM account AS a
       WHERE p.organisation_id = $1 AND a.id = 'receivable:' || $1::text AND ${when}`,
    [organisationId],
  );
  return rowCount === 1;
}
