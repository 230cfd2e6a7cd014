// The one directory that a server writes to, and the lock that keeps it to one server at a time.

import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Result, err, ok } from '../lib/result.ts';

const LOCK_FILE = 'turnpike.lock';
const HOLDER_FILE = 'turnpike.pid';
const OWNER_ONLY = 0o700;
const SQLITE_BUSY = 5;

export type DataDirectoryFailure =
  | { readonly kind: 'in-use'; readonly pid: number | undefined; readonly sentence: string }
  | { readonly kind: 'not-ours'; readonly sentence: string }
  | { readonly kind: 'not-writable'; readonly sentence: string };

export type DataDirectoryLock = Disposable & { readonly directory: string; release(): void };

/** Makes `directory` (mode 0700) where it is missing, and holds it until release or the end of the process. */
export function acquireDataDirectoryLock(
  directory: string,
): Result<DataDirectoryLock, DataDirectoryFailure> {
  const path = resolve(directory);
  try {
    const stranger = makePrivate(path);
    if (stranger !== undefined) return err(stranger);
    return lock(path);
  } catch (error) {
    const sentence = `The data directory ${path} cannot be used (${reasonOf(error)}): give this user the right to write there, or set TURNPIKE_DATA to another directory.`;
    return err({ kind: 'not-writable', sentence });
  }
}

/** Refuses to take a directory away from others, such as TURNPIKE_DATA=/tmp would. */
function makePrivate(path: string): DataDirectoryFailure | undefined {
  mkdirSync(path, { recursive: true, mode: OWNER_ONLY });
  if ((statSync(path).mode & 0o777) === OWNER_ONLY) return undefined;
  const names = readdirSync(path).filter((name) => name !== 'lost+found');
  if (names.length > 0 && !names.includes(LOCK_FILE)) {
    const sentence = `${path} has other files in it and other users may enter it: set TURNPIKE_DATA to a directory that is empty or does not exist yet.`;
    return { kind: 'not-ours', sentence };
  }
  chmodSync(path, OWNER_ONLY);
  return undefined;
}

/**
 * The kernel holds the lock, so it ends with the process however that ends, and there is no stale lock to judge.
 * Node has no flock(2) of its own; an exclusive SQLite transaction on an empty file is fcntl(2) with the same
 * promise, in 2 ms. (fcntl locks go when *any* handle on the file is closed: nothing else may open it.)
 */
function lock(path: string): Result<DataDirectoryLock, DataDirectoryFailure> {
  const database = new DatabaseSync(join(path, LOCK_FILE), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE'); // The file stays empty and alone.
  } catch (error) {
    database.close();
    if (isBusy(error)) return err(inUse(path));
    throw error;
  }
  writeFileSync(join(path, HOLDER_FILE), `${process.pid}\n`, { mode: 0o600 });
  const release = (): void => {
    if (database.isOpen) database.close();
  };
  return ok({ directory: path, release, [Symbol.dispose]: release });
}

function inUse(path: string): DataDirectoryFailure {
  const pid = readHolder(path);
  const holder = pid === undefined ? 'Another Turnpike' : `Another Turnpike (process ${pid})`;
  const sentence = `${holder} is already using ${path}: stop it first, or set TURNPIKE_DATA to another directory.`;
  return { kind: 'in-use', pid, sentence };
}

function readHolder(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(path, HOLDER_FILE), 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined; // The holder has the lock and is about to write its pid.
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
