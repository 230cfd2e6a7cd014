// Runs seeds against a PostgreSQL of its own: `node test/payments/main.ts 1 1000`, or `… 284 1 trace` for one of them.

import { startTestPostgres } from '../../server/src/store/postgres/database.fixture.ts';
import { openBench } from './bench.ts';
import { runScenario } from './scenario.ts';

const [first = 1, count = 100] = process.argv.slice(2, 4).map(Number);
const isTraced = process.argv[4] === 'trace';
await using postgres = await startTestPostgres();
await using bench = await openBench(await postgres.newDatabase());
const startedMs = performance.now();
let payments = 0;
for (let seed = first; seed < first + count; seed++) {
  const outcome = await runScenario(bench, seed, isTraced ? console.log : undefined);
  payments += outcome.payments;
  for (const violation of outcome.violations) console.log(`seed ${seed}: ${violation}`);
  if (outcome.violations.length > 0) process.exitCode = 1;
  if (outcome.violations.length > 0) break;
}
for (const { check, detail } of (await bench.store.accounts.reconcile()).findings) {
  console.log(`${check}: ${detail}`);
  process.exitCode = 1;
}
const { rows } = await bench.pool.query<{ what: string; count: number }>(
  `SELECT kind AS what, count(*)::int AS count FROM payment_event GROUP BY 1
     UNION ALL SELECT origin || ' ' || state, count(*)::int FROM top_up GROUP BY 1 ORDER BY 1`,
);
for (const { what, count: times } of rows) console.log(`${what}: ${times}`);
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
console.log(`${payments} payments, ${bench.stripe.requests} requests in ${seconds} s`);
