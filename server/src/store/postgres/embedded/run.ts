// Runs one of PostgreSQL's programs as a given user in a cluster's directory.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Account } from './account.ts';
import type { Program } from './program.ts';
import { LOG_LINES_KEPT, LOG_LINE_CHARACTERS_MAX } from './settings.ts';

export type ProgramExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type RunningProgram = {
  readonly child: ChildProcess;
  readonly exit: Promise<ProgramExit>;
  /** The last lines it wrote. */
  readonly logLines: readonly string[];
};

type RunOptions = {
  readonly program: Program;
  readonly name: 'initdb' | 'postgres';
  readonly arguments: readonly string[];
  readonly account: Account;
  readonly cluster: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onLog: (line: string) => void;
};

/**
 * How a program that was started in the cluster's directory names it. The unprivileged user may not walk there by
 * name (the data directory is 0700 and root's, and the clone may lie under /root), but the directory it stands in is
 * its own: the child changes into it before it gives up being root, and on Linux this link leads back there.
 */
export function clusterAsSeenFromInside(cluster: string): string {
  return process.platform === 'linux' ? '/proc/self/cwd' : cluster;
}

export function runProgram(options: RunOptions): RunningProgram {
  const { program, name, account } = options;
  const child = spawn(join(program.directory, 'bin', name), options.arguments, {
    cwd: options.cluster,
    ...(process.getuid?.() === account.uid ? {} : { uid: account.uid, gid: account.gid }),
    // A process group of its own: Ctrl-C in a terminal must not stop the database before the server has settled.
    detached: true,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const logLines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input, crlfDelay: Infinity }).on('line', (line) => {
      const bounded = line.slice(0, LOG_LINE_CHARACTERS_MAX);
      logLines.push(bounded);
      if (logLines.length > LOG_LINES_KEPT) logLines.shift();
      options.onLog(bounded);
    });
  }
  return { child, exit: exitOf(child, logLines), logLines };
}

function exitOf(child: ChildProcess, logLines: string[]): Promise<ProgramExit> {
  return new Promise((resolve) => {
    // `close` comes after the last line was read, but waits for every process that inherited the pipe; the orphaned
    // backends of a killed postmaster hold it a moment longer, and one that hangs must not hold us.
    child.once('exit', (code, signal) => {
      const lateClose = setTimeout(() => resolve({ code, signal }), 200);
      child.once('close', () => {
        clearTimeout(lateClose);
        resolve({ code, signal });
      });
    });
    child.once('error', (error) => {
      logLines.push(`error: ${error.message}`);
      resolve({ code: null, signal: null });
    });
  });
}
