// The bootstrap in a scratch clone: a lockfile of two lines, an `npm` that installs nothing but says that it was
// called, and the real runtime behind a link.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const LOCKFILE = { packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' } } };
const NPM = `
import fs from 'node:fs';
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
if (fs.existsSync('npm-fails')) process.exit(1);
await new Promise((resolve) => setTimeout(resolve, 300));
fs.mkdirSync('node_modules/node/bin', { recursive: true });
fs.symlinkSync(process.env.TEST_RUNTIME, 'node_modules/node/bin/node');
`;
/** A server as the real one behaves: stops on a signal, counts how often it was told. */
const SERVER = `
import fs from 'node:fs';
fs.appendFileSync('starts', process.pid + '\\n');
if (process.argv[2] === 'crash') process.kill(process.pid, 'SIGKILL');
if (process.argv[2] === 'refuse') process.exit(3);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    fs.appendFileSync('signals', signal + '\\n');
    setTimeout(() => process.exit(0), 300);
  });
}
setInterval(() => {}, 1000);
console.log('ready');
`;

let clone = '';
beforeEach(() => {
  clone = fs.mkdtempSync(join(tmpdir(), 'turnpike-bootstrap-'));
  fs.copyFileSync(join(import.meta.dirname, '../bootstrap.mjs'), join(clone, 'bootstrap.mjs'));
  write('package.json', '{"type":"module"}');
  write('package-lock.json', JSON.stringify(LOCKFILE));
  write('npm.js', NPM);
  write('server/src/main.ts', SERVER);
  write('cli/src/main.ts', 'console.log(process.argv.slice(2).join()); process.exitCode = 4;');
  write('tools/check.ts', 'console.log("checked");');
});
afterEach(() => fs.rmSync(clone, { recursive: true, force: true }));

test('installs once, and again when the lockfile has changed', async () => {
  for (let round = 0; round < 2; round += 1) {
    const { code, output } = await bootstrap('check');
    assert.equal(code, 0, output);
    assert.match(output, /checked/);
  }
  assert.deepEqual(lines('npm-calls'), ['ci --no-audit --no-fund --loglevel=error']);
  write('package-lock.json', JSON.stringify({ packages: { '': { name: 'other' } } }));
  fs.rmSync(join(clone, 'node_modules/node'), { recursive: true });
  assert.equal((await bootstrap('check')).code, 0);
  assert.equal(lines('npm-calls').length, 2);
});

test('takes an installation made by hand if it is the one of the lockfile', async () => {
  fs.mkdirSync(join(clone, 'node_modules/node/bin'), { recursive: true });
  fs.symlinkSync(process.execPath, join(clone, 'node_modules/node/bin/node'));
  write('node_modules/.package-lock.json', JSON.stringify(LOCKFILE));
  assert.equal((await bootstrap('check')).code, 0);
  assert.deepEqual(lines('npm-calls'), []);
});

test('does not take an installation of other versions', async () => {
  const other = { packages: { 'node_modules/a': { version: '2.0.0', integrity: 'y' } } };
  write('node_modules/.package-lock.json', JSON.stringify(other));
  assert.equal((await bootstrap('check')).code, 0);
  assert.equal(lines('npm-calls').length, 1);
});

test('two at once install once; the lock of a dead one is cleared away', async () => {
  write('.install-lock/pid', '999999999');
  const both = await Promise.all([bootstrap('check'), bootstrap('check')]);
  for (const { code, output } of both) assert.equal(code, 0, output);
  assert.equal(lines('npm-calls').length, 1);
  assert.equal(fs.existsSync(join(clone, '.install-lock')), false);
});

test('a failed installation is one sentence and a non-zero exit, and is tried again', async () => {
  write('npm-fails', '');
  const { code, output } = await bootstrap('serve');
  assert.equal(code, 1);
  assert.match(output, /The installation failed.*: .*start again\.\n$/);
  fs.rmSync(join(clone, 'npm-fails'));
  assert.equal((await bootstrap('check')).code, 0);
});

test('hands arguments and the exit code through', async () => {
  const { code, output } = await bootstrap('turnpike', 'keys', '--json');
  assert.equal(code, 4);
  assert.match(output, /keys,--json/);
  assert.equal((await bootstrap('serve', 'refuse')).code, 3);
  assert.equal(lines('starts').length, 1, 'an ordinary exit is not mended');
  assert.equal((await bootstrap('nonsense')).code, 1);
});

test('forwards a signal once, even when it arrives twice, and waits for the server to stop', async () => {
  const running = await startServer();
  running.kill('SIGINT'); // The terminal
  running.kill('SIGINT'); // and npm.
  const [code] = await once(running, 'exit');
  assert.equal(code, 0);
  assert.deepEqual(lines('signals'), ['SIGINT']);
});

test('stops the server when the shell that npm put between is killed', async () => {
  assert.equal((await bootstrap('check')).code, 0);
  const shell = spawn('sh', ['-c', `${process.execPath} bootstrap.mjs serve; true`], {
    cwd: clone,
    env: { ...process.env, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(shell.stdout, 'data');
  shell.kill('SIGTERM');
  await once(shell, 'close'); // All who could write to its output are gone.
  assert.deepEqual(lines('signals'), ['SIGTERM']);
});

test('starts a killed server again, and stops in order after that', async () => {
  const running = await startServer();
  process.kill(Number(lines('starts')[0]), 'SIGKILL');
  for (let tries = 0; lines('starts').length < 2; tries += 1) {
    assert.ok(tries < 200, 'was not started again');
    await sleep(50);
  }
  await sleep(300);
  running.kill('SIGTERM');
  const [code] = await once(running, 'exit');
  assert.equal(code, 0);
  assert.deepEqual(lines('signals'), ['SIGTERM']);
});

test('gives up on a server that is killed again and again', async () => {
  const { code, output } = await bootstrap('serve', 'crash');
  assert.equal(code, 1);
  assert.match(output, /killed 5 times within a minute/);
  assert.equal(lines('starts').length, 5);
});

test('runs the checks and every test file, and fails with either', async () => {
  const passing = 'import { test } from "node:test"; test("ran %", () => {});';
  write('cli/src/one.test.ts', passing.replace('%', 'one'));
  write('server/node_modules/other/two.test.ts', passing.replace('%', 'two'));
  const good = await bootstrap('test');
  assert.equal(good.code, 0, good.output);
  assert.match(good.output, /checked[^]*ran one/);
  assert.doesNotMatch(good.output, /ran two/);
  write('tools/check.ts', 'process.exitCode = 7;');
  assert.equal((await bootstrap('test')).code, 7);
  write('cli/src/one.test.ts', 'throw new Error("planted");');
  write('tools/check.ts', '');
  assert.equal((await bootstrap('test')).code, 1);
});

function write(path: string, text: string): void {
  fs.mkdirSync(join(clone, path, '..'), { recursive: true });
  fs.writeFileSync(join(clone, path), text);
}

function lines(path: string): string[] {
  const file = join(clone, path);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : [];
}

function spawnBootstrap(args: readonly string[]): ChildProcess {
  // Inside a test run node:test would take the children's output for its own reports.
  const environment = { ...process.env, NODE_TEST_CONTEXT: undefined };
  return spawn(process.execPath, ['bootstrap.mjs', ...args], {
    cwd: clone,
    env: { ...environment, npm_execpath: join(clone, 'npm.js'), TEST_RUNTIME: process.execPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function bootstrap(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawnBootstrap(args);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  await once(child, 'close');
  return { code: child.exitCode, output };
}

async function startServer(): Promise<ChildProcess> {
  const running = spawnBootstrap(['serve']);
  assert.ok(running.stdout);
  assert.match(String(await once(running.stdout, 'data')), /ready/);
  return running;
}
