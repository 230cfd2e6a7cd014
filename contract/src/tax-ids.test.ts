// The form of VAT numbers of the European Union.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billingRoutes } from './billing-routes.ts';
import { taxIdProblem } from './tax-ids.ts';

test('what has the form of its country is taken, with the spaces and dots that people write', () => {
  for (const id of [
    'DE123456789',
    'DE 123 456 789',
    'atu12345678',
    'NL123456789B01',
    'FRXX999999999',
  ])
    assert.equal(taxIdProblem(id), undefined, id);
});

test('what is not of the European Union is taken as it is', () => {
  for (const id of ['12-3456789', 'GB123456789', 'CHE-123.456.789 MWST', '27AAPFU0939F1ZV'])
    assert.equal(taxIdProblem(id), undefined, id);
});

test('anything else is refused by name, with the form that it should have', () => {
  assert.equal(
    taxIdProblem('DE12345678'),
    'must have the form of a VAT number of Germany, such as DE123456789, or not begin with DE',
  );
  assert.match(taxIdProblem('GR123456789') ?? '', /EL123456789/);
  for (const id of ['ATX12345678', 'ES12345678', 'IT1', 'PL12345678901', 'SE1234567890'])
    assert.match(taxIdProblem(id) ?? '', /form of a VAT number/, id);
  const parsed = billingRoutes.setBillingDetails.input.safeParse({
    name: 'Acme',
    address: [],
    taxId: 'DE12',
  });
  assert.deepEqual(
    parsed.error?.issues.map(({ path }) => path),
    [['taxId']],
  );
});
