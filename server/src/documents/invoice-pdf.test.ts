// The page of an invoice: made of its document alone, with the letters of those who are on it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BillingDocument } from '../domain/billing/document.ts';
import { invoicePdf } from './invoice-pdf.ts';
import { showable, typeface } from './typeface.ts';

const DOCUMENT: BillingDocument = {
  version: 1,
  kind: 'invoice',
  number: 'INV-000001',
  currency: 'USD',
  issuedAt: '2026-11-02T09:00:00.000Z',
  dueOn: '2026-12-02',
  period: { from: '2026-10-01', to: '2026-10-31' },
  seller: { name: 'Żółć i Synowie', address: ['ul. Świętokrzyska 1', 'Łódź'] },
  customer: { name: 'Ελληνική Εταιρεία', address: ['Москва, Київ', 'Hà Nội, İzmir, Târgu Mureș'] },
  organisationId: 'org_1',
  lines: [{ description: 'small, input', amountCents: '1234' }],
  subtotalCents: '1234',
  tax: { ratePpm: 190_000, cents: '234' },
  totalCents: '1468',
  usageNano: '12340000000',
  roundingNano: '0',
  paidCents: '0',
  amountDueCents: '1468',
};

test('the page is made of the document alone: the same bytes each time, and something to read', async () => {
  const [one, other] = [await invoicePdf(DOCUMENT), await invoicePdf(DOCUMENT)];
  assert.deepEqual(one.pdf, other.pdf);
  const text = Buffer.from(one.pdf).toString('latin1');
  assert.equal(text.slice(0, 5), '%PDF-');
  assert.match(text, /IBMPlexSans/);
  assert.ok(one.pdf.length < 100_000, `only what is used of a font is embedded: ${one.pdf.length}`);
});

test('Latin Extended, Greek, Cyrillic and Vietnamese letters are shown as they are', async () => {
  assert.deepEqual((await invoicePdf(DOCUMENT)).missing, []);
  const { letters } = await typeface();
  const words = 'Ąčęő ßẞ ĳŀ ΆΏάώ Ђљ Ґґ ẦỸ €₴ – “”';
  assert.deepEqual(showable(words, letters), { text: words, missing: [] });
});

test('a letter that the font lacks loses its accent or becomes a box, and is told', async () => {
  const { letters } = await typeface();
  assert.deepEqual(showable('漢 ǟ1', letters), { text: '□ a1', missing: ['漢', 'ǟ'] });
  const customer = { name: '漢字', address: ['漢'] };
  assert.deepEqual((await invoicePdf({ ...DOCUMENT, customer })).missing, ['漢', '字']);
});
