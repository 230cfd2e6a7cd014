// One run of the PostgreSQL server: started and ready, or a failure that says why; stopped within a bound.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, err, ok } from '../../../lib/result.ts';
import type { Account } from './account.ts';
import { type EmbeddedPostgresFailure, failure, failureOfLog } from './failure.ts';
import { MARK_SETTING, readPostmasterFile, retireOrphan } from './orphan.ts';
import type { Program } from './program.ts';
import {
  type ProgramExit,
  type RunningProgram,
  clusterAsSeenFromInside,
  runProgram,
} from './run.ts';
import {
  POLL_INTERVAL_MS,
  REMAINS_TIMEOUT_MS,
  SLOW_START_MS,
  SOCKET_PORT,
  START_TIMEOUT_MS,
  STOP_FAST_TIMEOUT_MS,
  STOP_IMMEDIATE_TIMEOUT_MS,
  settingsAsArguments,
} from './settings.ts';
import type { SocketDirectory } from './socket-directory.ts';

export type PostmasterOptions = {
  readonly program: Program;
  readonly account: Account;
  readonly cluster: string;
  readonly socket: SocketDirectory;
  readonly onProgress: (text: string) => void;
  readonly onLog: (line: string) => void;
  readonly settings: Readonly<Record<string, string>>;
};

export type Postmaster = {
  readonly pid: number;
  readonly exit: Promise<ProgramExit>;
  stop(): Promise<void>;
};

/** What a killed postmaster leaves for a moment: its pid until it is reaped, its backends until they notice. */
const REMAINS = /lock file ".*" already exists|pre-existing shared memory block/;

export async function startPostmaster(
  options: PostmasterOptions,
  signal: AbortSignal,
): Promise<Result<Postmaster, EmbeddedPostgresFailure>> {
  const endMs = performance.now() + REMAINS_TIMEOUT_MS;
  for (;;) {
    const foreign = await retireOrphan(options.cluster, options.onProgress);
    if (!foreign.ok) return foreign;
    const started = await startOnce(options, foreign.value, signal);
    if (started.ok || signal.aborted) return started;
    const remains = started.error.logLines.some((line) => REMAINS.test(line));
    if (!remains || performance.now() > endMs) return started;
    await sleep(POLL_INTERVAL_MS * 5);
  }
}

async function startOnce(
  options: PostmasterOptions,
  foreignPid: number | undefined,
  signal: AbortSignal,
): Promise<Result<Postmaster, EmbeddedPostgresFailure>> {
  const running = runProgram({
    ...options,
    name: 'postgres',
    arguments: [
      '-D',
      clusterAsSeenFromInside(options.cluster),
      ...settingsAsArguments({
        ...options.settings,
        port: String(SOCKET_PORT),
        unix_socket_directories: `"${options.socket.asSeenByPostmaster}"`,
        [MARK_SETTING]: options.cluster,
      }),
    ],
    // PostgreSQL's own way (pg_ctl uses it) to say which live pid in an old lock file is no rival. Its check for
    // shared memory still in use stays in force.
    environment: foreignPid === undefined ? {} : { PG_GRANDPARENT_PID: String(foreignPid) },
  });
  const outcome = await waitUntilReady(options, running, signal);
  if (outcome === 'ready' && running.child.pid !== undefined) {
    return ok({ pid: running.child.pid, exit: running.exit, stop: () => stop(running) });
  }
  if (outcome === 'timeout' || outcome === 'aborted') await stop(running);
  if (outcome !== 'timeout') return err(failureOfLog(options.cluster, running.logLines));
  const sentence = `The embedded PostgreSQL was not ready after ${START_TIMEOUT_MS / 1_000} s: look at the disk of ${options.cluster}, then start again.`;
  return err(failure('start-timeout', sentence, running.logLines));
}

/** `postmaster.pid` says when, as it does to pg_ctl. */
async function waitUntilReady(
  options: PostmasterOptions,
  running: RunningProgram,
  signal: AbortSignal,
): Promise<'ready' | 'exited' | 'timeout' | 'aborted'> {
  let exited = false;
  void running.exit.then(() => (exited = true));
  const startMs = performance.now();
  for (let told = false; ; await sleep(POLL_INTERVAL_MS)) {
    if (exited) return 'exited';
    if (signal.aborted) return 'aborted';
    const file = await readPostmasterFile(options.cluster);
    if (file?.ready === true && file.pid === running.child.pid) return 'ready';
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs > START_TIMEOUT_MS) return 'timeout';
    if (elapsedMs > SLOW_START_MS && !told) {
      told = true;
      options.onProgress('waiting for PostgreSQL, which is recovering from an unclean stop');
    }
  }
}

/** Fast (ends the connections, writes a checkpoint), then immediate (the next start recovers), then the hard way. */
async function stop({ child, exit }: RunningProgram): Promise<void> {
  const steps = [
    ['SIGINT', STOP_FAST_TIMEOUT_MS],
    ['SIGQUIT', STOP_IMMEDIATE_TIMEOUT_MS],
    ['SIGKILL', STOP_IMMEDIATE_TIMEOUT_MS],
  ] as const;
  for (const [signal, timeoutMs] of steps) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    child.kill(signal);
    const timer = new AbortController();
    const patience = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([exit, patience]);
    timer.abort();
  }
}
