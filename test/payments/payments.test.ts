// Payments against a simulated Stripe that fails in every way we know of, on a real PostgreSQL. `node
// test/payments/main.ts 1 1000` runs many more seeds.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  startTestPostgres,
  type TestPostgres,
} from '../../server/src/store/postgres/database.fixture.ts';
import { openBench } from './bench.ts';
import { MUTANTS } from './mutants.ts';
import { runScenario } from './scenario.ts';

const SEEDS = 100;
/** Enough for each of the mistakes; the rarest one was caught at seed 60. */
const MUTANT_SEEDS = 200;
const PROCESSES = 2;

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

test('I14 a payment is credited once, automatic charges stay one at a time and below their cap, and the books have what Stripe has', async (t) => {
  await using bench = await openBench(await postgres.newDatabase());
  let payments = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await runScenario(bench, seed);
    assert.deepEqual(
      outcome.violations,
      [],
      `seed ${seed}: node test/payments/main.ts ${seed} 1 trace`,
    );
    payments += outcome.payments;
  }
  const { findings } = await bench.store.accounts.reconcile();
  assert.deepEqual(findings, []);
  const { rows } = await bench.pool.query<{ kind: string; count: number }>(
    'SELECT kind, count(*)::int AS count FROM payment_event GROUP BY 1 ORDER BY 1',
  );
  t.diagnostic(
    `${payments} payments; ${rows.map(({ kind, count }) => `${kind} ${count}`).join(', ')}`,
  );
  const seen = rows.map(({ kind }) => kind);
  for (const kind of ['credited', 'declined', 'given-back', 'suspect', 'taken-back']) {
    assert.ok(seen.includes(kind), `no seed came to ${kind}`);
  }
});

describe('planted mistakes are caught', { concurrency: PROCESSES }, () => {
  for (const [at, { name }] of MUTANTS.entries()) {
    test(name, async () => {
      const database = JSON.stringify(await postgres.newDatabase());
      const program = join(import.meta.dirname, 'with-mutant.ts');
      const args = [program, `${at}`, `${MUTANT_SEEDS}`, database];
      const child = spawn(process.execPath, args, {
        timeout: 300_000,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      }
      const [code] = (await once(child, 'close')) as [number | null]; // as documented
      assert.equal(code, 0, text);
    });
  }
});
