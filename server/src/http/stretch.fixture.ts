// How long the server's thread works without a turn for anybody else, and a client in a thread of its own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { THREAD, type BigAnswer, type FromThread } from './big-bodies.fixture.ts';

/** A slower processor may be told more; what is not cut into slices takes 90 to 390 ms on the one that 50 was measured on. */
export const STRETCH_MS_MAX = Number(process.env['TURNPIKE_STRETCH_MS'] ?? 80);
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The most processor time of this thread between two turns of its event loop, until `work` is done. */
export async function longestStretchMs(work: Promise<unknown>): Promise<number> {
  const end = { reached: false };
  const ended = work.finally(() => (end.reached = true));
  let longestMs = 0;
  let lastMs = threadMs();
  // Twice more: the end may be heard before the turn that brought it is over.
  for (let more = 2; more > 0; more -= Number(end.reached)) {
    await nextTurn();
    const nowMs = threadMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }
  await ended;
  return longestMs;
}

export class Client implements AsyncDisposable {
  readonly #thread = new Worker(new URL(import.meta.resolve('./big-bodies.fixture.ts')), {
    workerData: THREAD,
  });

  async hear(): Promise<FromThread> {
    const [said] = (await once(this.#thread, 'message')) as [FromThread]; // the fixture says nothing else
    return said;
  }

  say(what: object | string): void {
    this.#thread.postMessage(what);
  }

  async answer(): Promise<BigAnswer> {
    const said = await this.hear();
    assert.ok('answer' in said);
    return said.answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}
