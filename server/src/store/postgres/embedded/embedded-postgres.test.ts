// Real PostgreSQL, really killed.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  type Interruption,
  startEmbeddedPostgres,
} from './embedded-postgres.ts';
import { locatePackage } from './program.ts';

const OWNER = join(import.meta.dirname, 'owner.fixture.ts');
const NORMAL_USER = 65_534;
const asRoot = process.getuid?.() === 0;
const onlyAsRoot = asRoot ? false : 'needs root';
let scratch = '';

before(() => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'turnpike-embedded-'));
  fs.chmodSync(scratch, 0o755);
});
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('the first boot makes a private database; the second is fast and has what was committed', async (t) => {
  const directory = join(scratch, 'boot');
  const steps: string[] = [];
  let startMs = performance.now();
  {
    await using postgres = await start(directory, { onProgress: (text) => steps.push(text) });
    t.diagnostic(`first boot: ${Math.round(performance.now() - startMs)} ms`);
    await query(postgres, 'create table kept (n int); insert into kept values (7)');
    await assertSettings(postgres);
    for (const part of ['', 'data', 'socket']) {
      assert.equal(fs.statSync(join(directory, part)).mode & 0o777, 0o700, part);
    }
    const owner = fs.statSync(join(directory, 'data')).uid;
    assert.equal(owner === 0, false, 'never root');
    if (!asRoot) assert.equal(owner, process.getuid?.());
  }
  assert.deepEqual(steps, ['creating the database']);
  assert.equal(fs.existsSync(join(directory, 'data/postmaster.pid')), false, 'stopped in order');
  startMs = performance.now();
  await using again = await start(directory);
  const secondMs = Math.round(performance.now() - startMs);
  t.diagnostic(`second boot: ${secondMs} ms`);
  assert.ok(secondMs < 2_000, `the second boot took ${secondMs} ms`);
  assert.deepEqual(await query(again, 'select n from kept'), [7]);
});

test('a killed postmaster is restarted, keeps every commit, and the owner is told', async (t) => {
  const told: Interruption[] = [];
  await using postgres = await start(join(scratch, 'killed'), {
    onInterruption: (what) => told.push(what),
  });
  await query(postgres, 'create table kept (n int)');
  for (let round = 1; round <= 4; round += 1) {
    await query(postgres, `insert into kept values (${round})`);
    assert.ok(postgres.pid !== undefined);
    process.kill(postgres.pid, 'SIGKILL');
    await eventually('restarted', () => count(told, 'restarted') === round);
    assert.deepEqual(await query(postgres, 'select count(*)::int from kept'), [round]);
  }
  assert.equal(count(told, 'exited'), 4);
  t.diagnostic(told.map((what) => what.sentence).join(' '));
});

test('a killed backend is mended by the postmaster, and the owner is told', async () => {
  const told: Interruption[] = [];
  await using postgres = await start(join(scratch, 'backend'), {
    onInterruption: (what) => told.push(what),
  });
  const pidBefore = postgres.pid;
  await query(postgres, 'create table kept as select 7 as n');
  process.kill(await walWriterOf(postgres), 'SIGKILL');
  await eventually('told', () => count(told, 'backend-crashed') === 1);
  await eventuallyAnswers(postgres, 'select n from kept', [7]);
  assert.equal(postgres.pid, pidBefore);
});

test('stop during a restart leaves nothing running', async () => {
  const postgres = await start(join(scratch, 'stop'));
  const { pid } = postgres;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  await eventually('down', () => postgres.pid === undefined);
  await postgres.stop();
  assert.equal(postgres.pid, undefined);
  await assert.rejects(query(postgres, 'select 1'));
});

test('the orphan of a killed server is stopped in order and its commits are there', async () => {
  const directory = join(scratch, 'orphan');
  const { owner, postmaster, connection } = await startOwner([directory]);
  await query({ connection }, 'create table kept (n int); insert into kept values (7)');
  await kill(owner);
  assert.ok(isRunning(postmaster), 'PostgreSQL outlives its owner');
  await using next = await start(directory);
  assert.notEqual(next.pid, postmaster);
  assert.equal(isRunning(postmaster), false);
  assert.deepEqual(await query(next, 'select n from kept'), [7]);
});

test('a lock file whose pid is another process by now does not stand in the way, nor is that process hurt', async () => {
  const directory = join(scratch, 'recycled');
  const { owner, postmaster } = await startOwner([directory]);
  await kill(owner);
  process.kill(postmaster, 'SIGKILL');
  await eventually('gone', () => !isRunning(postmaster));
  const { uid } = fs.statSync(join(directory, 'data'));
  const stranger = spawn('sleep', ['60'], asRoot ? { uid, gid: uid } : {});
  for (const name of ['data/postmaster.pid', 'socket/.s.PGSQL.5432.lock']) {
    const file = join(directory, name);
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/^\d+/, String(stranger.pid)));
  }
  {
    await using next = await start(directory);
    assert.deepEqual(await query(next, 'select 1'), [1]);
  }
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
  await kill(stranger);
});

test('a server killed in the middle of its first start leaves nothing broken', async () => {
  for (const afterMs of [250, 500]) {
    const directory = join(scratch, `unfinished-${afterMs}`);
    const owner = spawn(process.execPath, [OWNER, directory], { stdio: 'ignore' });
    await sleep(afterMs);
    await kill(owner);
    await using next = await start(directory);
    assert.deepEqual(await query(next, 'select 1'), [1]);
    assert.deepEqual(fs.readdirSync(directory).toSorted(), ['data', 'socket']);
  }
});

test('a normal user runs it as itself', { skip: onlyAsRoot }, async (t) => {
  if (spawnSync(process.execPath, ['--version'], { uid: NORMAL_USER }).status !== 0) {
    t.skip('a normal user cannot reach this clone');
    return;
  }
  const directory = join(scratch, 'normal');
  fs.mkdirSync(directory, { mode: 0o700 });
  fs.chownSync(directory, NORMAL_USER, NORMAL_USER);
  const { owner, connection } = await startOwner([directory], NORMAL_USER);
  assert.deepEqual(await query({ connection }, 'select 1'), [1]);
  assert.equal(fs.statSync(join(directory, 'data')).uid, NORMAL_USER);
  owner.kill('SIGTERM');
  await once(owner, 'exit');
  await using byRoot = await start(directory);
  assert.deepEqual(await query(byRoot, 'select 1'), [1], 'root goes on as its owner');
});

test(
  'root starts it where no other user may enter, from a copy',
  { skip: onlyAsRoot },
  async () => {
    const closed = join(scratch, 'closed');
    fs.mkdirSync(closed, { mode: 0o700 });
    const programs = join(scratch, 'programs');
    const options = { packageDirectory: copyOfPackage(closed), programDirectories: [programs] };
    for (const boot of ['first', 'second']) {
      await using postgres = await start(join(closed, '.turnpike/postgres'), options);
      assert.deepEqual(await query(postgres, 'select 1'), [1], boot);
    }
    assert.equal(fs.readdirSync(programs).length, 1);
  },
);

test('an install without scripts is made good', async () => {
  const directory = join(scratch, 'bare');
  fs.mkdirSync(directory);
  const packageDirectory = copyOfPackage(directory);
  const library = join(packageDirectory, 'native/lib/libicui18n.so.60');
  assert.equal(fs.existsSync(library), false, 'the copy is bare');
  await using postgres = await start(join(directory, 'data-directory'), { packageDirectory });
  assert.deepEqual(await query(postgres, 'select 1'), [1]);
  assert.ok(fs.existsSync(library));
});

test('a path too long for a socket is no hindrance', async () => {
  await using postgres = await start(join(scratch, 'long'.repeat(20), 'path'.repeat(20)));
  assert.deepEqual(await query(postgres, 'select 1'), [1]);
  assert.ok(postgres.connection.host.length < 90);
  fs.rmSync(postgres.connection.host, { recursive: true });
});

test('a damaged or foreign database is refused in one sentence', async () => {
  const directory = join(scratch, 'damaged');
  await (await start(directory)).stop();
  fs.renameSync(join(directory, 'data/global/pg_control'), join(directory, 'pg_control'));
  assert.equal(await failureKind(directory), 'corrupt-data');
  fs.writeFileSync(join(directory, 'data/PG_VERSION'), '19\n');
  assert.equal(await failureKind(directory), 'other-major');
  fs.rmSync(join(directory, 'data/PG_VERSION'));
  assert.equal(await failureKind(directory), 'corrupt-data');
});

async function start(
  dataDirectory: string,
  more: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const log: string[] = [];
  const started = await startEmbeddedPostgres({
    dataDirectory,
    onProgress: () => {},
    onLog: (line) => log.push(line),
    ...more,
  });
  if (started.ok) return started.value;
  throw new Error(`${started.error.sentence}\n${log.join('\n')}`);
}

async function failureKind(dataDirectory: string): Promise<string> {
  const quiet = { onProgress: () => {}, onLog: () => {} };
  const started = await startEmbeddedPostgres({ dataDirectory, ...quiet });
  assert.ok(!started.ok);
  assert.match(started.error.sentence, /^[^\n]+: [^\n]+\.$/);
  return started.error.kind;
}

/** Without its links, as `npm ci --ignore-scripts` leaves it. */
function copyOfPackage(parent: string): string {
  const located = locatePackage();
  assert.ok(located.ok);
  const copy = join(parent, basename(dirname(located.value)), basename(located.value));
  fs.cpSync(located.value, copy, {
    recursive: true,
    filter: (from) => !fs.lstatSync(from).isSymbolicLink(),
    mode: fs.constants.COPYFILE_FICLONE,
  });
  return copy;
}

/** A server process of its own, to be killed. */
async function startOwner(
  args: readonly string[],
  uid?: number,
): Promise<{ owner: ChildProcess; postmaster: number; connection: ClientConfig }> {
  const owner = spawn(process.execPath, [OWNER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  for await (const line of createInterface({ input: owner.stdout })) {
    // Our own program's line.
    const said = JSON.parse(line) as { pid: number; connection: ClientConfig; failure?: string };
    assert.equal(said.failure, undefined);
    return { owner, postmaster: said.pid, connection: said.connection };
  }
  throw new Error('the owner ended without a word');
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function query(postgres: { connection: ClientConfig }, sql: string): Promise<unknown[]> {
  const client = new Client(postgres.connection);
  client.on('error', () => {}); // The server is killed under it.
  await client.connect();
  try {
    // Several statements give an array of results, which pg's types leave out.
    const results = [await client.query<unknown[]>({ text: sql, rowMode: 'array' })].flat();
    return results.at(-1)?.rows.flat() ?? [];
  } finally {
    await client.end();
  }
}

async function assertSettings(postgres: EmbeddedPostgres): Promise<void> {
  const expected = {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_compression: 'pglz',
    max_wal_size: '1GB',
    max_connections: '40',
    listen_addresses: '',
    server_encoding: 'UTF8',
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(await query(postgres, `show ${name}`), [value], name);
  }
  assert.deepEqual(await query(postgres, 'select distinct datcollate from pg_database'), ['C']);
}

function count(told: readonly Interruption[], kind: Interruption['kind']): number {
  return told.filter((what) => what.kind === kind).length;
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 15_000; !holds(); await sleep(5)) {
    assert.ok(performance.now() < endMs, `did not come true: ${what}`);
  }
}

async function eventuallyAnswers(
  postgres: EmbeddedPostgres,
  sql: string,
  expected: unknown[],
): Promise<void> {
  for (const endMs = performance.now() + 15_000; ; await sleep(20)) {
    try {
      assert.deepEqual(await query(postgres, sql), expected);
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}

/** The postmaster answers before it has started all of its helpers. */
async function walWriterOf(postgres: EmbeddedPostgres): Promise<number> {
  const sql = "select pid from pg_stat_activity where backend_type = 'walwriter'";
  for (const endMs = performance.now() + 15_000; ; await sleep(20)) {
    const [pid] = await query(postgres, sql);
    if (typeof pid === 'number') return pid;
    assert.ok(performance.now() < endMs, 'PostgreSQL has no WAL writer');
  }
}

function isRunning(pid: number): boolean {
  const listed = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return listed.stdout.trim() !== '' && !listed.stdout.startsWith('Z');
}
