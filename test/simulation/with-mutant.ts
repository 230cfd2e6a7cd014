// Loads the product with one mistake planted in it, and runs seeds until the mistake is caught. For mutation tests:
// `node with-mutant.ts <number> <seeds> <first>`; exits with 0 when it was caught.

import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MUTANTS } from './mutants.ts';

const mutant = MUTANTS[Number(process.argv[2])];
const seeds = Number(process.argv[3] ?? 500);
if (mutant === undefined) throw new Error('there is no such mutant');
const sources = new Map<string, string>();
for (const { file, find, replace } of [mutant, ...(mutant.and ?? [])]) {
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
const first = Number(process.argv[4] ?? 1);
const { simulate } = await import('./simulate.ts');
for (const seed of [first, ...Array.from({ length: seeds }, (_, at) => at + 1)]) {
  const { violations } = await simulate(seed);
  if (violations.length === 0) continue;
  console.log(`caught at seed ${seed}: ${violations[0]}`);
  process.exit(0);
}
console.log(`"${mutant.name}" was not caught in ${seeds} seeds`);
process.exit(1);
