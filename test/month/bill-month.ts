// Bills and exports a month, and holds both against the plain sum of it.

import assert from 'node:assert/strict';
import { csvLine } from '../../server/src/domain/reports/export-lines.ts';
import type { Store } from '../../server/src/store/postgres/store.ts';
import { MONTH_FROM_MS, MONTH_TO_MS, ORGANISATIONS, type Month } from './month.ts';

/** Σ lines = total, and the nano-dollars of the lines are what was charged: of every organisation, to the last one. */
export async function billMonth(store: Store, { expected }: Month): Promise<void> {
  for (const organisationId of ORGANISATIONS) {
    const { id } = await store.billing.draft(`inv_${organisationId}`, organisationId, '2026-10');
    const done = await store.billing.finalise(id);
    assert.ok(done.kind === 'final', done.kind);
    const { document } = done.invoice;
    let [cents, nano, tokens] = [0n, 0n, 0];
    for (const { amountCents, amountNano = '0', quantity } of document.lines) {
      cents += BigInt(amountCents);
      nano += BigInt(amountNano);
      if (quantity?.unit === 'tokens') tokens += quantity.count;
    }
    const sum = expected.get(organisationId);
    assert.equal(nano, sum?.chargedNano, organisationId);
    assert.equal(tokens, sum?.tokens, organisationId);
    assert.equal(`${cents}`, document.totalCents);
    assert.equal(cents * 10_000_000n - nano, BigInt(document.roundingNano));
  }
}

/** Every row once, and what they cost. */
export async function exportMonth(store: Store, month: Month): Promise<{ readonly bytes: number }> {
  const columns = store.exports.columns('usage');
  const charged = columns.findIndex(({ name }) => name === 'charged_nano');
  let [rows, bytes, nano] = [0, 0, 0n];
  for await (const some of store.exports.rows({
    what: 'usage',
    fromMs: MONTH_FROM_MS,
    toMs: MONTH_TO_MS,
  })) {
    for (const row of some) {
      rows += 1;
      nano += BigInt(row[charged] ?? '0');
      bytes += csvLine(columns, row).length;
    }
  }
  assert.equal(rows, month.requests);
  const all = ORGANISATIONS.map((id) => month.expected.get(id)?.chargedNano ?? 0n);
  assert.equal(
    nano,
    all.reduce((sum, one) => sum + one, 0n),
  );
  return { bytes };
}
