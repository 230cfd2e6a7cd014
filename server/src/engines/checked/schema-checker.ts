// Asks the thread of schema-worker.ts, one question after the other, and ends it when an answer takes too long: a new
// one is started for the next question.

import { Worker } from 'node:worker_threads';
import { SCHEMA_CHECK_TIMEOUT_MS } from '../../limits.ts';
import type { Question, Ready, Verdict } from './schema-worker.ts';

export type Checked = Verdict | { readonly kind: 'too-slow' };

const WORKER = new URL('./schema-worker.ts', import.meta.url);
const MEMORY_MIB_MAX = 128;

export class SchemaChecker implements AsyncDisposable {
  readonly #timeoutMs: number;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #answer: (checked: Checked) => void = () => undefined;
  #closed = false;

  constructor(timeoutMs: number = SCHEMA_CHECK_TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
  }

  /** In the order in which they are asked. Never rejects: whatever ends the thread, the question was too much for it. */
  check(question: Question): Promise<Checked> {
    const checked = this.#last.then(() => this.#ask(question));
    this.#last = checked;
    return checked;
  }

  async #ask(question: Question): Promise<Checked> {
    if (this.#closed) return { kind: 'too-slow' };
    this.#worker ??= await this.#started();
    const worker = this.#worker;
    const { promise, resolve } = Promise.withResolvers<Checked>();
    this.#answer = resolve;
    const late = setTimeout(() => resolve({ kind: 'too-slow' }), this.#timeoutMs);
    // A server that has nothing else to do may end, but not in the middle of a question.
    worker.ref();
    worker.postMessage(question);
    const checked = await promise;
    clearTimeout(late);
    worker.unref();
    if (checked.kind === 'too-slow') {
      this.#worker = undefined;
      await worker.terminate();
    }
    return checked;
  }

  /** The start of a thread is not part of the time that a check may take. */
  async #started(): Promise<Worker> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const worker = new Worker(WORKER, {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB_MAX },
    });
    worker.on('message', (message: Verdict | Ready) => {
      if (message === 'ready') resolve();
      else this.#answer(message);
    });
    // What goes wrong in it, such as too little memory, ends it.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      resolve();
      this.#answer({ kind: 'too-slow' });
    });
    await promise;
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#last;
    await this.#worker?.terminate();
  }
}
