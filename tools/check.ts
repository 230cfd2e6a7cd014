// `npm run check`: format, types, lint, dead code and tidy, all at once; one line each, and the output of what failed.

import { CHECKS, runCheck, type CheckOutcome } from './checks.ts';
import { ROOT } from './tidy/project-files.ts';

const startedMs = performance.now();
const outcomes = await Promise.all(
  CHECKS.map(async (check) => {
    const outcome = await runCheck(check, ROOT);
    print(line(outcome.passed, check.name, outcome.seconds));
    return outcome;
  }),
);
for (const outcome of outcomes) if (!outcome.passed) report(outcome);
const passed = outcomes.every((outcome) => outcome.passed);
print(line(passed, passed ? 'all of it' : 'not yet', (performance.now() - startedMs) / 1000));
process.exitCode = passed ? 0 : 1;

function line(good: boolean, name: string, seconds: number): string {
  return `  ${good ? '✓' : '✗'} ${name.padEnd(10)} ${seconds.toFixed(1).padStart(5)} s`;
}

function report({ check, output }: CheckOutcome): void {
  print(`\n── ${check.name} ${'─'.repeat(70 - check.name.length)}`);
  print(output.trim());
  if (check.remedy !== undefined) print(check.remedy);
  print('');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
