// Starts a contender's server as a child process, waits until it answers, and stops it for good.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Added to the runner's own environment; undefined takes a variable away. */
export type Environment = { readonly [name: string]: string | undefined };

export type ServerCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Environment;
  readonly cwd?: string;
  /** Answers with a 2xx status once the server is ready. */
  readonly readyUrl: string;
  readonly readyWithinMs: number;
  readonly stopWithinMs: number;
};

const OUTPUT_BYTES_MAX = 64 * 1024;
const OUTPUT_SHOWN = 500;
const POLL_MS = 50;

export class ServerProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #stopWithinMs: number;
  #output = '';

  private constructor(child: ChildProcess, pid: number, stopWithinMs: number) {
    this.#child = child;
    this.pid = pid;
    this.#stopWithinMs = stopWithinMs;
    const keep = (bytes: Buffer): void => {
      this.#output = (this.#output + bytes.toString()).slice(-OUTPUT_BYTES_MAX);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /** What the server has printed so far, the last 64 KiB of it. */
  get output(): string {
    return this.#output;
  }

  /** Starts the server; throws one sentence with its last output when it ends or is not ready in time. */
  static async start(how: ServerCommand): Promise<ServerProcess> {
    const child = spawn(how.command, how.args, {
      cwd: how.cwd,
      env: { ...process.env, ...how.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const failed = once(child, 'error').then(([error]) => String(error));
    if (child.pid === undefined)
      throw new Error(`${how.command} could not be started: ${await failed}`);
    const server = new ServerProcess(child, child.pid, how.stopWithinMs);
    try {
      await server.#ready(how);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#gone) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#stopWithinMs);
    await exit;
    clearTimeout(timer);
  }

  get #gone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #ready(how: ServerCommand): Promise<void> {
    const endMs = performance.now() + how.readyWithinMs;
    while (performance.now() < endMs) {
      if (this.#gone)
        throw new Error(`${how.command} ended before it was ready: ${this.#lastWords()}`);
      if (await answers(how.readyUrl)) return;
      await sleep(POLL_MS);
    }
    throw new Error(
      `${how.command} was not ready within ${how.readyWithinMs} ms: ${this.#lastWords()}`,
    );
  }

  /** The line that says what went wrong, where there is one, or else the last line. */
  #lastWords(): string {
    const lines = this.#output.split('\n').filter((line) => line.trim() !== '');
    const line = lines.findLast((text) => /^\w*Error\b/.test(text)) ?? lines.at(-1);
    return line?.trim().slice(0, OUTPUT_SHOWN) ?? 'it printed nothing';
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
