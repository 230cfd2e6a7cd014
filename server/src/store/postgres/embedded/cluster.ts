// The database's files: made once, whole or not at all, and recognised ever after.

import {
  chown,
  lchown,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  statfs,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Result, err, ok } from '../../../lib/result.ts';
import { type Account, chooseInitdbAccount } from './account.ts';
import {
  type EmbeddedPostgresFailure,
  diskFull,
  failure,
  failureOfLog,
  lastWords,
} from './failure.ts';
import type { Program } from './program.ts';
import { clusterAsSeenFromInside, runProgram } from './run.ts';
import {
  DATABASE_USER,
  FREE_BYTES_FOR_FIRST_START,
  INITDB_TIMEOUT_MS,
  MAJOR_VERSION,
} from './settings.ts';

const UNFINISHED_PREFIX = 'data.new-';

type ClusterOptions = {
  readonly program: Program;
  readonly account: Account;
  readonly cluster: string;
  readonly onProgress: (text: string) => void;
  readonly onLog: (line: string) => void;
};

export async function ensureCluster(
  options: ClusterOptions,
): Promise<Result<void, EmbeddedPostgresFailure>> {
  const { cluster } = options;
  if (await exists(cluster)) return checkVersion(cluster);
  const parent = dirname(cluster);
  await removeUnfinished(parent);
  const { bavail, bsize } = await statfs(parent);
  if (bavail * bsize < FREE_BYTES_FOR_FIRST_START) return err(diskFull(parent));
  options.onProgress('creating the database');
  const unfinished = await mkdtemp(join(parent, UNFINISHED_PREFIX)); // mode 0700
  const made = await makeCluster(options, unfinished);
  if (!made.ok) {
    await removeTree(unfinished);
    return made;
  }
  // The name appears only when everything under it is on the disk: a kill at any moment leaves none or a whole one.
  await giveTo(unfinished, options.account);
  await rename(unfinished, cluster);
  await syncDirectory(parent);
  return ok(undefined);
}

async function checkVersion(cluster: string): Promise<Result<void, EmbeddedPostgresFailure>> {
  const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    const sentence = `${cluster} is not a PostgreSQL database (it has no PG_VERSION): restore it from a backup, or set TURNPIKE_DATA to a new directory.`;
    return err(failure('corrupt-data', sentence));
  }
  if (version.trim() === MAJOR_VERSION) return ok(undefined);
  const sentence = `The database in ${cluster} is of PostgreSQL ${version.trim()} and this Turnpike runs ${MAJOR_VERSION}: start the version of Turnpike that made it, or set TURNPIKE_DATA to another directory.`;
  return err(failure('other-major', sentence));
}

/**
 * The caller's lock on the data directory makes these the remains of the dead. An orphaned initdb may go on writing
 * for a moment, hence the retries; what still cannot be removed then goes with the next start.
 */
async function removeUnfinished(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.startsWith(UNFINISHED_PREFIX)) await removeTree(join(parent, name));
  }
}

async function removeTree(path: string): Promise<void> {
  const patiently = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };
  await rm(path, patiently).catch(() => undefined);
}

async function makeCluster(
  options: ClusterOptions,
  directory: string,
): Promise<Result<void, EmbeddedPostgresFailure>> {
  const account = chooseInitdbAccount(options.account);
  if (!account.ok) return account;
  await chown(directory, account.value.uid, account.value.gid);
  const initdb = runProgram({
    program: options.program,
    name: 'initdb',
    arguments: [
      `--pgdata=${clusterAsSeenFromInside(directory)}`,
      `--username=${DATABASE_USER}`,
      '--encoding=UTF8',
      // The C locale sorts by code point for ever: an index never depends on the machine's ICU or libc.
      '--no-locale',
      // Trust, because the socket is the credential: it lies in a directory that only PostgreSQL's user and root may
      // enter, and both could read a password that lay beside it. TCP is off, and refused if somebody turns it on.
      '--auth-local=trust',
      '--auth-host=reject',
      '--no-instructions',
    ],
    account: account.value,
    cluster: directory,
    onLog: options.onLog,
  });
  const timeout = setTimeout(() => initdb.child.kill('SIGKILL'), INITDB_TIMEOUT_MS);
  const { code } = await initdb.exit;
  clearTimeout(timeout);
  return code === 0 ? ok(undefined) : err(initdbFailure(dirname(directory), initdb.logLines));
}

function initdbFailure(directory: string, logLines: readonly string[]): EmbeddedPostgresFailure {
  const known = failureOfLog(directory, logLines);
  if (known.kind === 'disk-full' || known.kind === 'permission') return known;
  if (logLines.some((line) => line.includes('could not look up effective user ID'))) {
    const sentence = `PostgreSQL's initdb needs a name for user ${process.getuid?.()}: add the user to /etc/passwd, start Turnpike as another user, or set DATABASE_URL.`;
    return failure('initdb-failed', sentence, logLines);
  }
  const sentence = `The database could not be created in ${directory} (${lastWords(logLines)}): put that right, or set DATABASE_URL to use another one.`;
  return failure('initdb-failed', sentence, logLines);
}

/** From the leaves to the root, so that the owner of a folder never has a stranger's files in it. */
async function giveTo(folder: string, account: Account): Promise<void> {
  if ((await stat(folder)).uid === account.uid) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveTo(path, account);
    else await lchown(path, account.uid, account.gid);
  }
  await chown(folder, account.uid, account.gid);
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
