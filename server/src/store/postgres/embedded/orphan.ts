// Finds out what `postmaster.pid` of an earlier run stands for, and stops a PostgreSQL that outlived its server.
// The file itself is never touched: removing it is how two postmasters come to share one cluster.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Result, err, ok } from '../../../lib/result.ts';
import { type EmbeddedPostgresFailure, failure } from './failure.ts';
import { POLL_INTERVAL_MS, STOP_FAST_TIMEOUT_MS, STOP_IMMEDIATE_TIMEOUT_MS } from './settings.ts';

/** A setting without effect, by which a process's command line says whose postmaster it is. */
export const MARK_SETTING = 'turnpike.cluster';

type PostmasterFile = { readonly pid: number; readonly ready: boolean };

export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => undefined);
  const lines = text?.split('\n') ?? [];
  const pid = Number.parseInt(lines[0] ?? '', 10);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return { pid, ready: lines[7]?.trim() === 'ready' };
}

/**
 * Stops the orphan if there is one. The value is the pid in `postmaster.pid` when it belongs to somebody else by now
 * (pids start over with every container) or to a zombie that nobody reaps: the next postmaster must be told, or it
 * would take that process for a rival.
 */
export async function retireOrphan(
  cluster: string,
  onProgress: (text: string) => void,
): Promise<Result<number | undefined, EmbeddedPostgresFailure>> {
  const file = await readPostmasterFile(cluster);
  if (file === undefined || !isAlive(file.pid)) return ok(undefined);
  if (!(await isPostmasterOf(cluster, file.pid))) return ok(file.pid);
  onProgress(`stopping the PostgreSQL that an earlier run left behind (process ${file.pid})`);
  const { pid } = file;
  const gone =
    (await stopAndWait(pid, 'SIGINT', STOP_FAST_TIMEOUT_MS)) ||
    (await stopAndWait(pid, 'SIGQUIT', STOP_IMMEDIATE_TIMEOUT_MS)) ||
    !(await isPostmasterOf(cluster, pid));
  if (gone) return ok(isAlive(pid) ? pid : undefined);
  const sentence = `A PostgreSQL of an earlier run (process ${pid}) still uses ${cluster} and does not stop: stop it with "kill -QUIT ${pid}", as root if need be, and start again.`;
  return err(failure('orphan-will-not-stop', sentence));
}

async function stopAndWait(
  pid: number,
  signal: NodeJS.Signals,
  timeoutMs: number,
): Promise<boolean> {
  try {
    process.kill(pid, signal);
  } catch {
    return !isAlive(pid); // Gone in this moment, or another user's.
  }
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs;) {
    if (!isAlive(pid) || (await commandLineOf(pid)) === '') return true;
    await sleep(POLL_INTERVAL_MS);
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function isPostmasterOf(cluster: string, pid: number): Promise<boolean> {
  const commandLine = await commandLineOf(pid);
  return `${commandLine} `.includes(` ${MARK_SETTING}=${cluster} `);
}

/** Readable by everyone, unlike /proc/<pid>/cwd, which root in a container may not read. Empty for a zombie. */
async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return text.replaceAll('\0', ' ').trim();
  }
  const listed = await promisify(execFile)('ps', [
    '-ww',
    '-o',
    'command=',
    '-p',
    String(pid),
  ]).catch(() => ({ stdout: '' }));
  return listed.stdout.trim();
}
