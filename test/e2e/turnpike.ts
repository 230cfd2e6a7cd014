// A real Turnpike for tests: the whole server as its own process, on a free port of the loopback, with a data
// directory of its own that goes when the test is over.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createdAdminKey } from '@turnpike/contract/admin-keys.ts';
import { serverStatus, type ServerStatus } from '@turnpike/contract/status.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(REPOSITORY, 'server/src/main.ts');
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 40_000;

/** One scripted engine and one model: answers are what the prompt asks for, at a price that shows in every digit. */
export const SCRIPTED_CONFIG = {
  engines: [{ kind: 'scripted', name: 'scripted' }],
  models: [
    {
      id: 'scripted',
      engine: 'scripted',
      contextTokensMax: 8_192,
      outputTokensMax: 4_096,
      price: { input: '1.234567', cacheRead: '0.3', output: '7.654321' },
    },
  ],
};

export type StartOptions = {
  /** Absent: the server's own default, the embedded model. */
  readonly config?: object;
  readonly dataDirectory?: string;
  readonly env?: { readonly [name: string]: string };
};

export class Turnpike {
  readonly child: ChildProcess;
  readonly port: number;
  readonly dataDirectory: string;
  #output = '';

  private constructor(child: ChildProcess, port: number, dataDirectory: string) {
    this.child = child;
    this.port = port;
    this.dataDirectory = dataDirectory;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
  }

  static async start(options: StartOptions = {}): Promise<Turnpike> {
    const turnpike = await Turnpike.spawn(options);
    try {
      await turnpike.untilReady();
      return turnpike;
    } catch (error) {
      await turnpike.stop('SIGKILL'); // a test that has failed must end
      throw error;
    }
  }

  /** Starts the process without waiting for it. */
  static async spawn({ config, dataDirectory, env }: StartOptions = {}): Promise<Turnpike> {
    const data = dataDirectory ?? mkdtempSync(join(tmpdir(), 'turnpike-test-'));
    const port = await freePort();
    const configPath = join(data, 'test.config.json');
    if (config !== undefined) writeFileSync(configPath, JSON.stringify(config));
    const child = spawn(process.execPath, [MAIN], {
      cwd: REPOSITORY,
      env: {
        ...process.env,
        PORT: String(port),
        HOST: '127.0.0.1',
        TURNPIKE_DATA: data,
        NO_COLOR: '1',
        ...(config !== undefined && { TURNPIKE_CONFIG: configPath }),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Turnpike(child, port, data);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get baseUrl(): string {
    return `${this.origin}/v1`;
  }

  /** Everything that it has written to the terminal. */
  get output(): string {
    return this.#output;
  }

  /** The key of the first start, as the person at the terminal sees it. */
  get firstKey(): string {
    const key = /sk-tp-[0-9A-Za-z]{40}/.exec(this.#output)?.[0];
    if (key === undefined) throw new Error(`no key on the start screen:\n${this.#output}`);
    return key;
  }

  get adminToken(): string {
    return readFileSync(join(this.dataDirectory, 'admin-token'), 'utf8').trim();
  }

  /** What it tells its operator. */
  async status(): Promise<ServerStatus> {
    const response = await fetch(`${this.origin}/manage/v1/status`, {
      headers: { authorization: `Bearer ${this.adminToken}` },
    });
    return serverStatus.parse(await response.json());
  }

  /** A new key that reads usage and costs. */
  async adminKey(): Promise<string> {
    const response = await this.manage('/admin-keys', { name: 'test' });
    return createdAdminKey.parse(await response.json()).key;
  }

  /** Something that its operator posts. */
  manage(path: string, body: object): Promise<Response> {
    return fetch(`${this.origin}/manage/v1${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.adminToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
  }

  async untilReady(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the server ended while starting:\n${this.#output}`);
      }
      // The start screen comes last, after the first request of a first start.
      if (this.#output.includes('Stop with Ctrl-C')) return;
      if (performance.now() > deadline) throw new Error(`not ready in time:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Asks it to stop and waits until it has; the exit code, or the signal that ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    const ended = this.ended();
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const result = await ended;
    clearTimeout(late);
    return result;
  }

  async ended(): Promise<number | string> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit');
    }
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  /** A request with the first key; `body` becomes JSON unless it is text already. */
  chat(
    body: unknown,
    init: { readonly key?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Response> {
    return fetch(`${this.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${init.key ?? this.firstKey}`,
        'content-type': 'application/json',
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(init.signal !== undefined && { signal: init.signal }),
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}
