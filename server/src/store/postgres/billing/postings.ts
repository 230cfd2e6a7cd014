// What a final document moves in the ledger. Usage was charged to the nano-dollar when it was used; what is added to what a
// customer owes is the tax, what is billed beside usage, and the part of a cent that makes it what the invoice asks for.

import type pg from 'pg';
import { NANO_PER_CENT } from '../../../domain/billing/cents.ts';
import { taxCentsOf } from '../../../domain/billing/compose-document.ts';
import type { BillingDocument } from '../../../domain/billing/document.ts';
import { makeMoves, type Move, openAccount } from '../credits/moves.ts';
import { settleOnAccount } from '../plans/settle-due.ts';
import type { DueItems } from './due-items.ts';

type Posted = { readonly items: DueItems; readonly owedNano: bigint | undefined };

export async function post(
  client: pg.ClientBase,
  document: BillingDocument,
  { items, owedNano }: Posted,
  at: Date,
): Promise<void> {
  const { organisationId, number } = document;
  const receivable = `receivable:${organisationId}`;
  await openAccount(client, receivable, 'receivable', organisationId);
  for (const dueId of items.openDueIds) await settleOnAccount(client, dueId, at);
  const moves = [
    moveOf('rounding', 'rounding', 'revenue:rounding', BigInt(document.roundingNano)),
    moveOf('invoice-items', receivable, 'revenue:items', items.otherCents * NANO_PER_CENT),
    moveOf(
      'tax',
      document.tax === undefined ? 'revenue:tax' : receivable,
      'tax_payable',
      taxCentsOf(document) * NANO_PER_CENT,
    ),
    ...(owedNano === undefined
      ? []
      : [
          moveOf(
            'invoice-rounding',
            receivable,
            'rounding',
            usageDueNano(document, items) - owedNano,
          ),
        ]),
  ];
  await makeMoves(
    client,
    number,
    moves.filter(({ amountNano }) => amountNano > 0n),
    at,
  );
  // What was paid before there was an invoice to ask for it, or what an item gives back.
  await client.query('SELECT ledger_invoices_paid($1, $2, 0, NULL, $3)', [
    organisationId,
    number,
    at,
  ]);
  // What is owed in addition may no longer be spent on credit; whoever looks at it next sees to that.
  await client.query(
    `UPDATE credit_position SET line_is_long = true WHERE organisation_id = $1 AND NOT line_is_long
       AND EXISTS (SELECT FROM account WHERE id = 'credit_line:' || $1::text)`,
    [organisationId],
  );
}

/** The tax of what a note takes back is not payable any more; the note itself was given by the house. */
export async function postNote(
  client: pg.ClientBase,
  document: BillingDocument,
  at: Date,
): Promise<void> {
  const amountNano = -taxCentsOf(document) * NANO_PER_CENT;
  const move = { kind: 'tax', from: 'tax_payable', to: 'promo_cost', amountNano };
  if (amountNano > 0n) await makeMoves(client, document.number, [move], at);
}

/** What is less than nothing goes the other way. */
function moveOf(kind: string, from: string, to: string, amountNano: bigint): Move {
  return amountNano < 0n
    ? { kind, from: to, to: from, amountNano: -amountNano }
    : { kind, from, to, amountNano };
}

/** Of the usage, in whole cents, what credit has not paid: what is due less the tax and what is billed beside usage. */
function usageDueNano(document: BillingDocument, { paidCents }: DueItems): bigint {
  const beside = document.lines.reduce(
    (sum, line) => (line.amountNano === undefined ? sum + BigInt(line.amountCents) : sum),
    -paidCents,
  );
  const tax = BigInt(document.tax?.cents ?? 0);
  return (BigInt(document.amountDueCents) - tax - beside) * NANO_PER_CENT;
}
