// The simulation as a test: some hundred seeds pass, and each planted mistake is caught. `node test/simulation/main.ts 1 10000`
// runs many more.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { MUTANTS } from './mutants.ts';

const SEEDS = 120;
/** At once: a seed is work for one core, and there are few. */
const PROCESSES = 2;

async function output(
  program: string,
  args: readonly string[],
): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args], {
    timeout: 120_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null]; // as documented
  return { code, text };
}

test('I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I17 I18 I19 I20: whatever breaks, the books are as a naive model says', async () => {
  const { code, text } = await output('main.ts', ['1', `${SEEDS}`]);
  assert.equal(code, 0, text);
  assert.match(text, /^\d{3,} requests/m, 'the seeds asked for something');
  const counts = text.match(/^ {2}\d+ .+$/gm) ?? [];
  assert.ok(counts.length > 9, text);
  for (const line of counts)
    assert.doesNotMatch(line, /^ {2}0 /, 'it happened what is to be proved');
});

test('a seed replays: twice the same', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => output('main.ts', ['42', '1', 'trace'])));
  const withoutTime = (text = '') => text.replace(/ in [\d.]+ s/, '');
  assert.ok((one?.text.length ?? 0) > 100);
  assert.equal(withoutTime(one?.text), withoutTime(two?.text));
});

describe('planted mistakes are caught', { concurrency: PROCESSES }, () => {
  for (const [at, mutant] of MUTANTS.entries()) {
    test(mutant.name, async () => {
      const { code, text } = await output('with-mutant.ts', [`${at}`, '600', `${mutant.seed}`]);
      assert.equal(code, 0, text);
    });
  }
});
