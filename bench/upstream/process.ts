// The runner's side of the upstream process.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Script } from './script.ts';
import type { Counts } from './server.ts';

export class UpstreamProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(port: number): Promise<UpstreamProcess> {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('./main.ts', import.meta.url)), String(port)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    for await (const line of createInterface({ input: child.stdout })) {
      const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (found !== undefined) return new UpstreamProcess(child, Number(found));
    }
    throw new Error('The scripted upstream ended before it listened; its message stands above.');
  }

  /** Changes what the upstream does with the requests that follow. */
  async setScript(script: Partial<Script>): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.port}/script`, {
      method: 'PUT',
      body: JSON.stringify(script),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The scripted upstream refused its script: ${text}`);
  }

  async counts(): Promise<Counts> {
    const response = await fetch(`http://127.0.0.1:${this.port}/counts`);
    // `as` because our own upstream/server.ts wrote it.
    return (await response.json()) as Counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }
}
