// Runs seeds of the simulation, and says which one fails and why. `node main.ts <from> <count> [trace]`.

import { simulate } from './simulate.ts';

const from = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 100);
const traces = process.argv[4] === 'trace';
const counts: Record<string, number> = {};
const startedMs = performance.now();
for (let seed = from; seed < from + count; seed++) {
  const run = await simulate(seed, traces);
  for (const [what, more] of Object.entries(run.counts)) counts[what] = (counts[what] ?? 0) + more;
  if (traces) console.log(run.trace.join('\n'));
  if (run.violations.length === 0) continue;
  console.log(`seed ${seed} fails:\n  ${run.violations.slice(0, 5).join('\n  ')}`);
  console.log(`replay it: node test/simulation/main.ts ${seed} 1 trace`);
  process.exitCode = 1;
  break;
}
const seconds = (performance.now() - startedMs) / 1_000;
console.log(`${counts['asked'] ?? 0} requests in ${seconds.toFixed(1)} s`);
for (const [what, happened] of Object.entries(counts)) console.log(`  ${happened} ${what}`);
