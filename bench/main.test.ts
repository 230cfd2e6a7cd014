// The benchmark as people run it: on a small part of its plan, to the table and the file of figures; and its options.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseOptions } from './options.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

type Figures = {
  readonly measurements: Record<string, Record<string, { readonly median: number }>>;
  readonly defects: readonly unknown[];
};

describe("the benchmark's runner", () => {
  it('measures the baseline, prints the table and writes the figures', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'turnpike-bench-test-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const file = join(directory, 'figures.json');
    const args = [
      MAIN,
      '--quick',
      '--only',
      'direct',
      '--scenario',
      'abandon,nodelay',
      '--json',
      file,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    assert.match(stdout, /abandoned streams stopped in 1 s +100 %/);
    assert.match(stdout, /not measured +at least 8 × portkey/);
    // `as` because the runner that has just ended wrote it.
    const figures = JSON.parse(await readFile(file, 'utf8')) as Figures;
    assert.equal(figures.measurements['direct']?.['abandon.stoppedShare']?.median, 1);
    assert.deepEqual(figures.defects, []);
  });
});

describe('parseOptions', () => {
  it('always measures the baseline, in the order of the table', () => {
    const options = parseOptions(['--only', 'portkey', '--scenario', 'held,plain', '--quick']);
    assert.ok(options !== 'help' && !('error' in options));
    assert.deepEqual(options.contenders, ['direct', 'portkey']);
    assert.deepEqual(options.scenarios, ['plain', 'held']);
    assert.equal(options.quick, true);
  });

  it('says what is wrong in one sentence', () => {
    for (const args of [
      ['--only', 'kong'],
      ['--scenario', 'all'],
      ['--port-base', '80'],
      ['--fast'],
      ['stray'],
    ]) {
      const options = parseOptions(args);
      assert.ok(options !== 'help' && 'error' in options, args.join(' '));
    }
    assert.equal(parseOptions(['--help']), 'help');
  });
});
