// Questions to the engine's process that wait for their answer: how long is this prompt. Each ends once: with the count,
// with the process, with its reader, or by the clock.

import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import { err } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import { COUNT_TIMEOUT_MS } from '../../limits.ts';

export type Counted = Result<number, EngineFailure>;

export class Counts {
  readonly #waiting = new Map<number, (counted: Counted) => void>();
  #asked = 0;

  /** `send` puts the question, with the id that its answer will carry. */
  ask(send: (id: number) => void, signal: AbortSignal): Promise<Counted> {
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<Counted>();
    const abort = (): void => this.answer(id, err({ kind: 'aborted' }));
    const late = setTimeout(
      () => this.answer(id, err({ kind: 'timeout', afterMs: COUNT_TIMEOUT_MS })),
      COUNT_TIMEOUT_MS,
    );
    this.#waiting.set(id, (counted) => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
      resolve(counted);
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else send(id);
    return promise;
  }

  answer(id: number, counted: Counted): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(counted);
  }

  fail(failure: EngineFailure): void {
    for (const id of this.#waiting.keys()) this.answer(id, err(failure));
  }
}
