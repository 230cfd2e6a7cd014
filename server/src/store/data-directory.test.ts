// The lock on the data directory, between real processes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { acquireDataDirectoryLock } from './data-directory.ts';

let scratch = '';
before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'turnpike-lock-'));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

const HOLDER = `
  import { acquireDataDirectoryLock } from ${JSON.stringify(join(import.meta.dirname, 'data-directory.ts'))};
  const lock = acquireDataDirectoryLock(process.argv[1]);
  console.log(lock.ok);
  setInterval(() => lock, 1000);
`;

test('makes the directory for its owner alone', () => {
  const directory = join(scratch, 'deep/er');
  const lock = acquireDataDirectoryLock(directory);
  assert.ok(lock.ok);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  lock.value.release();
});

test('a second server is refused and told who the first is; a killed one leaves no lock', async () => {
  const directory = join(scratch, 'shared');
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.equal(String(await once(holder.stdout, 'data')), 'true\n');
  const refused = acquireDataDirectoryLock(directory);
  assert.ok(!refused.ok && refused.error.kind === 'in-use');
  assert.equal(refused.error.pid, holder.pid);
  assert.match(refused.error.sentence, new RegExp(`process ${holder.pid}\\) is already using`));

  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const taken = acquireDataDirectoryLock(directory);
  assert.ok(taken.ok);
  taken.value.release();
  assert.ok(acquireDataDirectoryLock(directory).ok, 'released');
});

test('the same process is refused a second time too', () => {
  const directory = join(scratch, 'twice');
  const first = acquireDataDirectoryLock(directory);
  const second = acquireDataDirectoryLock(directory);
  assert.ok(first.ok && !second.ok && second.error.kind === 'in-use');
  assert.equal(second.error.pid, process.pid);
});

test("does not take away a directory with other people's files", () => {
  const directory = join(scratch, 'public');
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'letter.txt'), '');
  const refused = acquireDataDirectoryLock(directory);
  assert.ok(!refused.ok && refused.error.kind === 'not-ours');
  assert.equal(statSync(directory).mode & 0o777, 0o755);
});

test('says what to do where it may not write', () => {
  writeFileSync(join(scratch, 'file'), '');
  const refused = acquireDataDirectoryLock(join(scratch, 'file/below'));
  assert.ok(!refused.ok && refused.error.kind === 'not-writable');
  assert.match(refused.error.sentence, /TURNPIKE_DATA/);
});
