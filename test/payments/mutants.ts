// Mistakes planted in our own safeguards, one at a time, in the source as it is loaded. The scenarios must catch each, or
// they prove nothing.

export type Mutant = {
  readonly name: string;
  /** Known to catch it; should that have changed, others are tried. */
  readonly seed: number;
  readonly edits: readonly Edit[];
  /** What is taken out of the schema. */
  readonly sql?: string;
};

export type Edit = {
  /** Below server/src. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'credits what an event says, before it reads the object',
    seed: 46,
    edits: [
      {
        file: 'till/hear.ts',
        find: '  const payment = read.value;\n',
        replace:
          "  const payment = read.value === undefined ? undefined : { paymentId: read.value.orderId, ...read.value, status: { kind: 'succeeded' as const } };\n",
      },
    ],
  },
  {
    name: 'takes a new idempotency key for each attempt, and does not look what became of the last',
    seed: 19,
    edits: [
      {
        file: 'payments/stripe/stripe-payments.ts',
        find: 'expand: EXPAND_INTENT,\n        },\n        { idempotencyKey: topUpId },',
        replace:
          'expand: EXPAND_INTENT,\n        },\n        { idempotencyKey: `${topUpId}${Math.random()}` },',
      },
      { file: 'till/advance.ts', find: 'if (attempts > 1) {', replace: 'if (attempts > 1e9) {' },
    ],
  },
  {
    name: 'asks again without looking what became of the first time',
    seed: 91,
    edits: [
      { file: 'till/advance.ts', find: 'if (attempts > 1) {', replace: 'if (attempts > 1e9) {' },
    ],
  },
  {
    name: 'takes a lost answer for a no',
    seed: 75,
    edits: [
      {
        file: 'till/advance.ts',
        find: "  if (made.error.kind === 'unknown') return later(till, topUp, made.error.detail);\n",
        replace: '',
      },
    ],
  },
  {
    name: 'does not look at the currency',
    seed: 2,
    edits: [
      {
        file: 'domain/payments/payment.ts',
        find: 'if (payment.currency !== PAYMENT_CURRENCY || payment.currency !== topUp.currency) {',
        replace: "if (PAYMENT_CURRENCY === ('' as string)) {",
      },
    ],
  },
  {
    name: 'does not look at the amount',
    seed: 9,
    edits: [
      {
        file: 'domain/payments/payment.ts',
        find: "  if (payment.amountCents !== topUp.amountCents) return 'another-amount';\n",
        replace: '',
      },
    ],
  },
  {
    name: 'does not look whose payment it is',
    seed: 7,
    edits: [
      {
        file: 'domain/payments/payment.ts',
        find: "  if (payment.organisationId !== topUp.organisationId) return 'another-organisation';\n",
        replace: '',
      },
    ],
  },
  {
    name: 'names a credit anew each time it is posted',
    seed: 1,
    edits: [
      {
        file: 'till/credit-id.ts',
        find: 'return `${provider}:${paymentId}`;',
        replace: 'return `${provider}:${paymentId}#${Math.random()}`;',
      },
    ],
  },
  {
    name: 'writes that it has credited, and credits then',
    seed: 18,
    edits: [
      {
        file: 'till/advance.ts',
        find: '  const added = await till.accounts.addCredits(credits, topUp.pays);\n',
        replace:
          "  await till.book.topUps.change(topUp.id, { to: 'credited', nowMs: till.nowMs() });\n  const added = await till.accounts.addCredits(credits, topUp.pays);\n",
      },
    ],
  },
  {
    name: 'forgets what this month has cost',
    seed: 6,
    edits: [
      {
        file: 'domain/payments/auto-reload.ts',
        find: 'const left = settings.monthlyCapCents - spentCents;',
        replace: 'const left = settings.monthlyCapCents - 0 * spentCents;',
      },
    ],
  },
  {
    name: 'charges twice where two gateways look at once: no lock, no unique index, no look at what is in flight',
    seed: 6,
    edits: [
      {
        file: 'store/postgres/payments/postgres-auto-reloads.ts',
        find: "      const settings = await readSettings(client, organisationId, 'FOR UPDATE');\n      if (settings === undefined) return undefined;",
        replace:
          "      const settings = await readSettings(client, organisationId, '');\n      if (settings === undefined) return undefined;",
      },
    ],
    sql: 'DROP INDEX one_reload_in_flight',
  },
  {
    name: 'goes on while a charge is with the bank',
    seed: 7,
    edits: [
      {
        file: 'domain/payments/auto-reload.ts',
        find: "  if (inFlight > 0) return { kind: 'no', why: 'in-flight' };\n",
        replace: '',
      },
      {
        file: 'store/postgres/payments/postgres-auto-reloads.ts',
        find: "AND t.state IN ('created', 'open'))",
        replace: "AND t.state IN ('created'))",
      },
    ],
    sql: 'DROP INDEX one_reload_in_flight',
  },
  {
    name: 'does not verify the signature',
    seed: 1,
    edits: [
      {
        file: 'payments/stripe/stripe-webhook.ts',
        find: "if (/outside the tolerance/.test(text)) return err('too-old');",
        replace:
          "if (/outside the tolerance/.test(text)) return err('too-old');\n    return ok(hintOf(JSON.parse(Buffer.from(body).toString())));",
      },
    ],
  },
  {
    name: 'takes signatures of any age',
    seed: 10,
    edits: [
      {
        file: 'payments/stripe/stripe-webhook.ts',
        find: 'const TOLERANCE_SECONDS = 300;',
        replace: 'const TOLERANCE_SECONDS = 0;',
      },
    ],
  },
  {
    name: 'counts on webhooks: looks at nothing by itself',
    seed: 2,
    edits: [
      {
        file: 'till/collect.ts',
        find: '  for (const topUp of due) await advance(till, topUp);\n',
        replace: '',
      },
    ],
  },
  {
    name: 'takes an inquiry for a dispute',
    seed: 21,
    edits: [
      {
        file: 'payments/stripe/stripe-objects.ts',
        find: "  'warning_needs_response',\n",
        replace: '',
      },
    ],
  },
  {
    name: 'keeps what a won dispute gave back',
    seed: 9,
    edits: [
      {
        file: 'till/take-back.ts',
        find: "  if (reversal.status === 'undone') return giveBack(till, topUp, row);\n",
        replace: '',
      },
    ],
  },
  {
    name: 'does not take back what was refunded at the provider',
    seed: 3,
    edits: [
      {
        file: 'payments/stripe/stripe-payments.ts',
        find: '[...refunds.data.map(reversalOfRefund), ...disputes.data.map(reversalOfDispute)]',
        replace: '[...disputes.data.map(reversalOfDispute)]',
      },
    ],
  },
  {
    name: 'counts money in floats',
    seed: 6,
    edits: [
      {
        file: 'domain/payments/amount.ts',
        find: 'return nano(BigInt(cents) * NANO_PER_CENT);',
        replace: 'return nano(BigInt(Math.floor((cents / 100) * 1e9)) + 0n * NANO_PER_CENT);',
      },
    ],
  },
  {
    name: 'charges for a bill twice where two gateways look at once: no unique index, no look at what is in flight',
    seed: 4,
    edits: [
      {
        file: 'store/postgres/payments/postgres-bills.ts',
        find: '      if (before.inFlight > 0 || before.suspect > 0) return undefined;\n',
        replace: '',
      },
      {
        file: 'store/postgres/payments/postgres-bills.ts',
        find: 'const nextAtMs = before.suspect > 0 ? undefined : nowMs + IN_FLIGHT_LOOK_MS;',
        replace: 'const nextAtMs = nowMs + 0 * IN_FLIGHT_LOOK_MS;',
      },
    ],
    sql: 'DROP INDEX one_charge_of_a_bill',
  },
  {
    name: 'grants what a plan sells before it is paid',
    seed: 12,
    edits: [
      {
        file: 'store/postgres/plans/record-due.ts',
        find: '  if (dueMinor === 0n) return grantDue(client, id, at);\n',
        replace: '  await grantDue(client, id, at);\n',
      },
      {
        file: 'store/postgres/plans/settle-due.ts',
        find: '  if (rowCount === 1) await grantDue(client, dueId, at);',
        replace: '  if (rowCount === 99) await grantDue(client, dueId, at);',
      },
    ],
  },
  {
    name: 'settles what is due with every payment for it, also when it is paid',
    seed: 24,
    edits: [
      {
        file: 'store/postgres/plans/settle-due.ts',
        find: "  if (due?.state !== 'payable' || due.organisationId !== organisationId) return {};\n",
        replace: '  if (due === undefined) return {};\n',
      },
      {
        file: 'store/postgres/plans/settle-due.ts',
        find: "VALUES ($1, $2, $3)',",
        replace: "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',",
      },
      {
        file: 'store/postgres/plans/settle-due.ts',
        find: 'WHERE id = $1`,\n    [dueBill(dueId)],',
        replace: "WHERE id = $1 AND state <> 'paid'`,\n    [dueBill(dueId)],",
      },
    ],
  },
  {
    name: 'makes credit of what was charged for a bill, and charges for it again',
    seed: 4,
    edits: [
      {
        file: 'till/advance.ts',
        find: 'till.accounts.addCredits(credits, topUp.pays)',
        replace: 'till.accounts.addCredits(credits)',
      },
    ],
  },
];
