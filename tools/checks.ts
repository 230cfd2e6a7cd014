// The checks of `npm run check`: what each runs. Also run on planted mistakes, by checks.test.ts.

import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

export type Check = {
  readonly name: string;
  /** A path below node_modules, or `node` for our own tests. */
  readonly program: string;
  readonly args: readonly string[];
  /** What to do when it fails and the output alone does not say so. */
  readonly remedy?: string;
};

export const FORMAT: Check = {
  name: 'format',
  program: 'oxfmt/bin/oxfmt',
  args: ['--list-different', '.'],
  remedy: 'Run `npm run format`.',
};

export const TYPES: Check = {
  name: 'types',
  program: 'typescript/bin/tsc',
  args: ['--noEmit', '--pretty', 'false', '--project', '.'],
};

export const LINT: Check = { name: 'lint', program: 'oxlint/bin/oxlint', args: ['.'] };

export const DEAD_CODE: Check = {
  name: 'dead code',
  program: 'knip/bin/knip.js',
  args: ['--no-progress', '--no-config-hints'],
};

export const TIDY: Check = {
  name: 'tidy',
  program: 'node',
  args: ['--test', '--test-reporter=dot', 'tools/tidy.test.ts', 'tools/docs.test.ts'],
};

/** The slowest first: they all run at once. */
export const CHECKS: readonly Check[] = [TYPES, LINT, DEAD_CODE, TIDY, FORMAT];

export type CheckOutcome = {
  readonly check: Check;
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: number;
};

/** A check that has not ended by then hangs: twenty times what it takes on two busy cores. */
const CHECK_MS_MAX = 300_000;
const OUTPUT_CHARACTERS_MAX = 200_000;

export function runCheck(check: Check, directory: string): Promise<CheckOutcome> {
  const startedMs = performance.now();
  const modules = join(directory, 'node_modules');
  const program = check.program === 'node' ? [] : [join(modules, check.program)];
  const child = spawn(process.execPath, [...program, ...check.args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHECK_MS_MAX,
    env: {
      ...process.env,
      PATH: `${join(modules, '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    },
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    if (output.length < OUTPUT_CHARACTERS_MAX) output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const seconds = (performance.now() - startedMs) / 1000;
      resolve({ check, passed: code === 0, output, seconds });
    });
  });
}
