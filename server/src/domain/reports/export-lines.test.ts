// Lines of exports: what a reader of CSV and of JSON makes of them, and what a spreadsheet must not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvHead, csvLine, jsonLine, type ExportColumn } from './export-lines.ts';

const COLUMNS: readonly ExportColumn[] = [
  { name: 'end_user', type: 'text' },
  { name: 'tokens', type: 'number' },
  { name: 'amount_nano', type: 'amount' },
];

test('CSV: quotes what needs it, keeps amounts as they are, and writes nothing that a spreadsheet would run', () => {
  assert.equal(csvHead(COLUMNS), 'end_user,tokens,amount_nano\r\n');
  assert.equal(csvLine(COLUMNS, ['a "b", c\nd', '7', '-5']), '"a ""b"", c\nd",7,-5\r\n');
  assert.equal(csvLine(COLUMNS, [null, null, '0']), ',,0\r\n');
  for (const evil of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1']) {
    const [cell = ''] = csvLine(COLUMNS, [evil, '1', '1']).split(',');
    assert.match(cell, /^"?'/, JSON.stringify(evil));
  }
});

test('JSON: numbers are numbers, amounts are text, what is missing is null', () => {
  assert.deepEqual(JSON.parse(jsonLine(COLUMNS, ['=1', '7', '9007199254740993'])), {
    end_user: '=1',
    tokens: 7,
    amount_nano: '9007199254740993',
  });
  assert.equal(JSON.parse(jsonLine(COLUMNS, [null, null, '0'])).end_user, null);
});
