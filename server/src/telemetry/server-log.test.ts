// No line is lost, none waits long, and what is wrong does not wait at all.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineBatch } from './line-batch.ts';

const SERVER_LOG = new URL('./server-log.ts', import.meta.url).href;

let scratch: string;
before(() => (scratch = mkdtempSync(join(tmpdir(), 'turnpike-log-file-'))));
after(() => rmSync(scratch, { recursive: true }));

/** What a process has written when it is gone: `last` is all that it does at its end. */
function writtenBy(name: string, last: string): readonly string[] {
  const path = join(scratch, name, 'turnpike.log');
  const program = `
    const { openServerLog } = await import(${JSON.stringify(SERVER_LOG)});
    const log = openServerLog(${JSON.stringify(path)}, 'info', () => {});
    await new Promise((resume) => setTimeout(resume, 50)); // the file is open
    for (let n = 0; n < 500; n++) log.info({ n }, 'a line');
    ${last}`;
  spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
  const text = readFileSync(path, 'utf8').trim();
  return text.split('\n');
}

describe('the log', () => {
  for (const [how, last] of [
    ['runs out', ''],
    ['exits', 'process.exit(1);'],
    ['throws', "throw new Error('a mistake');"],
  ] as const) {
    test(`has every line in order when the process ${how}`, () => {
      const numbers = writtenBy(how, last).map((line) => Number(/"n":(\d+)/.exec(line)?.[1]));
      assert.deepEqual(numbers, [...Array(500).keys()]);
    });
  }

  test('has a warning, and what came before it, although the process is killed right after', () => {
    const last = `
      log.warn('the last words');
      for (const end = Date.now() + 300; Date.now() < end;); // no timer comes meanwhile
      process.kill(process.pid, 'SIGKILL');`;
    assert.equal(writtenBy('killed', last).length, 501);
  });

  test('writes lines together, soon, and never too many', async () => {
    const texts: string[] = [];
    const batch = new LineBatch((text) => texts.push(text));
    batch.write('a\n');
    batch.write('b\n');
    assert.deepEqual(texts, []);
    await sleep(100);
    assert.deepEqual(texts, ['a\nb\n']);
    batch.write('x'.repeat(70_000));
    assert.equal(texts.length, 2);
    batch.flush();
    assert.equal(texts.length, 2);
  });
});
