// One life of the engine's own process: started once, heard until it ends, never started again.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { FromHost, HostSettings, ToHost } from './host-protocol.ts';
import { LLAMA_BOUNDS } from './options.ts';

const HOST_FILE = fileURLToPath(new URL('./host/main.ts', import.meta.url));
/** Enough for the lines that llama.cpp writes before it gives up. */
const STDERR_CHARACTERS_KEPT = 2_000;
/** What the process needs to run; the server's secrets are not among it. */
const ENVIRONMENT = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'NODE_COMPILE_CACHE',
];

export type HostListener = {
  readonly onMessage: (message: FromHost) => void;
  /** `detail` says how it ended. */
  readonly onEnd: (detail: string) => void;
};

export class HostProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #heartbeat: NodeJS.Timeout;
  #hasEnded = false;
  #missed = 0;
  #killedBecause: string | undefined;
  #stderr = '';

  constructor(settings: HostSettings, listener: HostListener) {
    this.#child = fork(HOST_FILE, {
      env: Object.fromEntries(
        ENVIRONMENT.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])),
      ),
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    const end = (detail: string): void => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      clearInterval(this.#heartbeat);
      resolve();
      listener.onEnd(this.#killedBecause ?? detail);
    };
    this.#child.once('error', (error) => end(error.message));
    this.#child.once('exit', (code, signal) => end(this.#howItEnded(code, signal)));
    this.#child.on('message', (message) => {
      this.#missed = 0;
      // Only our own file host/main.ts writes to this channel.
      listener.onMessage(message as FromHost);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS_KEPT);
    });
    this.#heartbeat = setInterval(() => this.#beat(), LLAMA_BOUNDS.heartbeatMs).unref();
    this.send({ kind: 'load', settings });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: ToHost): void {
    // What can't be sent any more finds no reader; the end of the process is heard separately.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  kill(because: string): void {
    this.#killedBecause ??= because;
    this.#child.kill('SIGKILL');
  }

  /** The process ends by itself when its channel closes; it is killed if it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    if (this.#child.connected) this.#child.disconnect();
    const late = setTimeout(() => this.kill('It was stopped.'), LLAMA_BOUNDS.stopGraceMs);
    await this.#ended;
    clearTimeout(late);
  }

  #beat(): void {
    this.#missed += 1;
    if (this.#missed > LLAMA_BOUNDS.heartbeatsMissedMax) {
      const seconds = (LLAMA_BOUNDS.heartbeatsMissedMax * LLAMA_BOUNDS.heartbeatMs) / 1000;
      this.kill(`it did not answer for ${seconds} s`);
    } else {
      this.send({ kind: 'ping' });
    }
  }

  #howItEnded(code: number | null, signal: string | null): string {
    const how = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
    const said = this.#stderr.split('\n').findLast((line) => line.trim() !== '');
    return said === undefined ? how : `${how}: ${said.trim().slice(0, 300)}`;
  }
}
