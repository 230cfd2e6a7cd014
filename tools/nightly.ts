// `npm run nightly`: what proves the most and takes too long for every change. One after the other, each as its own process;
// all of them run, whatever becomes of the ones before. `npm run nightly -- crash` runs those whose name begins like that.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const STEPS: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'crash loop', args: ['test/crash/main.ts', '60'] },
  { name: 'simulation', args: ['test/simulation/main.ts', '1', '10000'] },
  { name: 'payments', args: ['test/payments/main.ts', '1', '1000'] },
  { name: 'month', args: ['test/month/main.ts', '1000000'] },
];

const wanted = process.argv.slice(2);
const chosen = STEPS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)),
);
if (chosen.length === 0) {
  console.error(`There is no such step: choose from ${STEPS.map(({ name }) => name).join(', ')}.`);
  process.exitCode = 2;
}
for (const { name, args } of chosen) {
  const startedMs = performance.now();
  console.log(`\n── ${name} ──`);
  const child = spawn(process.execPath, [...args], {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
  });
  await once(child, 'exit');
  const passed = child.exitCode === 0;
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(`── ${name}: ${passed ? 'passed' : 'FAILED'} after ${seconds} s ──`);
  if (!passed) process.exitCode = 1;
}
