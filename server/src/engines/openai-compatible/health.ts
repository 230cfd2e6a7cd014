// Whether an upstream can be used, learnt from the outcomes of real requests. Only while it is down does a probe ask,
// so that a healthy engine is never disturbed.

import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { EngineState } from '../../ports/engine.ts';

/** Failures in a row that can be the fault of one request; a third is not. */
const FAILURES_MAX = 3;
const PROBE_FIRST_MS = 500;
const PROBE_MAX_MS = 10_000;
const READY: EngineState = { kind: 'ready' };

export class Health {
  /** Resolves to a sentence about what is wrong, or to nothing when the engine answers. Never rejects. */
  readonly #probe: () => Promise<string | undefined>;
  #state: EngineState = READY;
  #failures = 0;
  #waitMs = PROBE_FIRST_MS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(probe: () => Promise<string | undefined>) {
    this.#probe = probe;
  }

  get state(): EngineState {
    return this.#state;
  }

  report(failure: EngineFailure | undefined): void {
    switch (failure?.kind) {
      case 'unreachable':
      case 'broken':
      case 'timeout':
      case 'crashed':
        this.#failures += 1;
        if (this.#failures >= FAILURES_MAX) this.down(sentenceOf(failure));
        return;
      // The reader's doing: it says nothing about the engine.
      case 'aborted':
        return;
      // It answers, and that is all that is asked here: overload and bad requests are not its health.
      default:
        this.#up();
    }
  }

  /** Certain after one failure: nothing listens there. */
  down(reason: string): void {
    if (this.#closed) return;
    this.#state = { kind: 'down', reason };
    if (!this.#timer) this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#state = { kind: 'down', reason: 'It was closed.' };
    clearTimeout(this.#timer);
  }

  #up(): void {
    this.#failures = 0;
    if (this.#state === READY || this.#closed) return;
    this.#state = READY;
    this.#waitMs = PROBE_FIRST_MS;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#ask(), this.#waitMs);
    this.#timer.unref();
    this.#waitMs = Math.min(this.#waitMs * 2, PROBE_MAX_MS);
  }

  async #ask(): Promise<void> {
    const wrong = await this.#probe();
    if (this.#closed || this.#state === READY) return;
    if (wrong === undefined) return this.#up();
    this.#state = { kind: 'down', reason: wrong };
    this.#schedule();
  }
}

function sentenceOf(failure: EngineFailure): string {
  if ('detail' in failure) return failure.detail;
  return failure.kind === 'timeout' ? `Nothing came within ${failure.afterMs} ms.` : failure.kind;
}
