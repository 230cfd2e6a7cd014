// Invoices and exports through the front door: the management API and the command line of a real server.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const CLI = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

describe('billing', () => {
  let turnpike: Turnpike;
  before(async () => {
    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    const messages = [{ role: 'user', content: 'one two' }];
    await turnpike.chat({ model: 'scripted', messages, user: '=cmd|calc' });
  });
  after(() => turnpike?.[Symbol.asyncDispose]());

  function cli(...args: readonly string[]) {
    const env = {
      PATH: process.env['PATH'],
      TURNPIKE_URL: turnpike.origin,
      TURNPIKE_DATA: turnpike.dataDirectory,
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      env,
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  it('a draft of this month shows what was used, is not final before its end, and has a page', () => {
    const month = new Date().toISOString().slice(0, 7);
    const { id } = JSON.parse(cli('invoices', 'draft', month, '--json'));
    assert.match(cli('invoices', 'show', id), /scripted, output/);
    const file = join(turnpike.dataDirectory, 'draft.pdf');
    cli('invoices', 'pdf', id, file);
    assert.equal(readFileSync(file).subarray(0, 5).toString(), '%PDF-');
    assert.match(cli('invoices', 'list'), /draft/);
    const early = spawnSync(process.execPath, [CLI, 'invoices', 'finalise', id], {
      env: { TURNPIKE_URL: turnpike.origin, TURNPIKE_DATA: turnpike.dataDirectory },
      encoding: 'utf8',
    });
    assert.equal(early.status, 1);
    assert.match(early.stderr, /month is not over/);
  });

  it('a month that is over becomes final, with details of who is billed', async () => {
    const { id } = JSON.parse(cli('invoices', 'draft', '2026-01', '--json'));
    const set = await turnpike.manage('/billing/details', {
      name: 'Ada & Co.',
      address: ['1 Street'],
      taxRate: '7.7',
    });
    assert.equal(set.status, 200, await set.text());
    const final = JSON.parse(cli('invoices', 'finalise', id, '--json'));
    assert.equal(final.number, 'ST-000001');
    assert.equal(final.document.customer.name, 'Ada & Co.');
    assert.equal(final.document.totalCents, '0');
    for (const wrong of [{ name: 'A', address: [], taxRate: '101' }, { name: 'A' }]) {
      assert.equal((await turnpike.manage('/billing/details', wrong)).status, 400);
    }
  });

  it('usage and ledger are exported, and no cell is a formula', () => {
    const csv = cli('export', 'usage', '--from', '1d').split('\r\n');
    assert.match(csv[0] ?? '', /^request_id,started_at,/);
    assert.ok(csv.some((line) => line.includes(`'=cmd|calc`)));
    const lines = cli('export', 'usage', '--from', '1d', '--format', 'jsonl').trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line));
    assert.ok(rows.length >= 2 && rows.every((row) => /^\d+$/.test(row.charged_nano)));
    const ledger = cli('export', 'ledger', '--from', '1d');
    assert.match(ledger, /credits:org_/);
    assert.match(
      cli('export', 'ledger', '--from', '1d', '--all'),
      /^id,created_at,kind,debit,credit/,
    );
  });

  it('the books agree', () => {
    assert.match(cli('reconcile'), /zero difference/);
  });
});
