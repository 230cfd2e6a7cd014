// Loads the product with one mistake planted in it, and runs seeds until it is caught: `node with-mutant.ts <number>
// <seeds> <database as JSON>`, or without a database on one of its own; exits with 0 when it was caught.

import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SocketConnection } from '../../server/src/store/postgres/database.fixture.ts';
import { MUTANTS } from './mutants.ts';

const mutant = MUTANTS[Number(process.argv[2])];
const seeds = Number(process.argv[3]);
if (mutant === undefined) throw new Error('there is no such mutant');
const sources = new Map<string, string>();
for (const { file, find, replace } of mutant.edits) {
  const path = join(import.meta.dirname, '../../server/src', file);
  const url = pathToFileURL(path).href;
  const parts = (sources.get(url) ?? readFileSync(path, 'utf8')).split(find);
  if (parts.length !== 2) {
    console.log(`"${mutant.name}": what it replaces stands ${parts.length - 1} times in ${file}`);
    process.exit(2);
  }
  sources.set(url, parts.join(replace));
}
registerHooks({
  load(of, context, next) {
    const loaded = next(of, context);
    const source = sources.get(of);
    return source === undefined ? loaded : { ...loaded, source };
  },
});
const { openBench } = await import('./bench.ts');
const { runScenario } = await import('./scenario.ts');
const { startTestPostgres } = await import('../../server/src/store/postgres/database.fixture.ts');
const given = process.argv[4];
await using own = given === undefined ? await startTestPostgres() : undefined;
const database: unknown = given === undefined ? await own?.newDatabase() : JSON.parse(given);
await using bench = await openBench(database as SocketConnection); // the test's own, or as it was handed over
if (mutant.sql !== undefined) await bench.pool.query(mutant.sql);
process.exitCode = 1;
for (const seed of [mutant.seed, ...Array.from({ length: seeds }, (_, at) => at + 1)]) {
  const { violations } = await runScenario(bench, seed);
  if (violations.length === 0) continue;
  console.log(`caught at seed ${seed}: ${violations[0]}`);
  process.exitCode = 0;
  break;
}
if (process.exitCode === 1) console.log(`"${mutant.name}" was not caught in ${seeds} seeds`);
