// Questions to the engine's process that wait for their answer, such as how long a prompt is. Each ends once: with the
// answer, with the process, with its reader, or by the clock.

import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import { err } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';

export type Counted = Result<number, EngineFailure>;

type Answer<T> = Result<T, EngineFailure>;

export class Questions<T> {
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, (answer: Answer<T>) => void>();
  #asked = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** `send` puts the question, with the id that its answer will carry. */
  ask(send: (id: number) => void, signal: AbortSignal): Promise<Answer<T>> {
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<Answer<T>>();
    const abort = (): void => this.answer(id, err({ kind: 'aborted' }));
    const afterMs = this.#timeoutMs;
    const late = setTimeout(() => this.answer(id, err({ kind: 'timeout', afterMs })), afterMs);
    this.#waiting.set(id, (answer) => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
      resolve(answer);
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else send(id);
    return promise;
  }

  answer(id: number, answer: Answer<T>): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(answer);
  }

  fail(failure: EngineFailure): void {
    for (const id of this.#waiting.keys()) this.answer(id, err(failure));
  }
}
