// Keeps one engine process running: starts it, starts it again when it crashes, and gives up when that can't help.

import { LLAMA_BOUNDS } from './options.ts';
import { checkModelFile } from './model-file.ts';
import { HostProcess } from './host-process.ts';
import type { FromHost, HostSettings, ToHost } from './host-protocol.ts';
import type { LlamaModelFacts } from './model-facts.ts';
import { startFailureSentence } from './start-failure.ts';
import type { LlamaStartFailure } from './start-failure.ts';

export type SupervisorListener = {
  readonly onMessage: (message: FromHost) => void;
  readonly onReady: (facts: LlamaModelFacts) => void;
  /** The process ended: everything that was in it is lost. */
  readonly onLost: (detail: string) => void;
  /** It will not be started again. */
  readonly onGivenUp: (failure: LlamaStartFailure) => void;
};

export class Supervisor implements AsyncDisposable {
  readonly #settings: HostSettings;
  readonly #startTimeoutMs: number;
  readonly #listener: SupervisorListener;
  #host: HostProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: LlamaStartFailure | undefined;
  #readySinceMs: number | undefined;
  #wasEverReady = false;
  #failedStarts = 0;
  #quickDeaths = 0;
  #restarts = 0;
  #disposed = false;

  /** The file is looked at right away; the first process waits for `startsAfter`. */
  constructor(
    settings: HostSettings,
    startTimeoutMs: number,
    listener: SupervisorListener,
    startsAfter?: Promise<unknown>,
  ) {
    this.#settings = settings;
    this.#startTimeoutMs = startTimeoutMs;
    this.#listener = listener;
    void this.#start(startsAfter);
  }

  get pid(): number | undefined {
    return this.#host?.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  send(message: ToHost): void {
    this.#host?.send(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#timer);
    await this.#host?.[Symbol.asyncDispose]();
  }

  async #start(startsAfter?: Promise<unknown>): Promise<void> {
    this.#failure = undefined;
    const file = await checkModelFile(this.#settings.modelPath);
    if (file.ok) await startsAfter;
    if (this.#disposed) return;
    if (!file.ok) return this.#startFailed(file.error);
    this.#host = new HostProcess(this.#settings, {
      onMessage: (message) => this.#hear(message),
      onEnd: (detail) => this.#ended(detail),
    });
    this.#expectProgress();
  }

  #hear(message: FromHost): void {
    if (message.kind === 'progress') this.#expectProgress();
    if (message.kind === 'ready') this.#ready(message.facts);
    if (message.kind === 'start-failed') {
      this.#failure = message.failure;
      this.#host?.kill('It could not start.');
      return;
    }
    this.#listener.onMessage(message);
  }

  #expectProgress(): void {
    clearTimeout(this.#timer);
    const { modelPath: path } = this.#settings;
    this.#timer = setTimeout(() => {
      this.#failure = { kind: 'timeout', path, afterMs: this.#startTimeoutMs };
      this.#host?.kill('It took too long to start.');
    }, this.#startTimeoutMs);
  }

  #ready(facts: LlamaModelFacts): void {
    clearTimeout(this.#timer);
    this.#readySinceMs = performance.now();
    this.#wasEverReady = true;
    this.#failedStarts = 0;
    this.#listener.onReady(facts);
  }

  #ended(detail: string): void {
    clearTimeout(this.#timer);
    this.#host = undefined;
    if (this.#disposed) return;
    if (this.#readySinceMs === undefined) {
      const { modelPath: path } = this.#settings;
      return this.#startFailed(this.#failure ?? { kind: 'crashed', path, detail });
    }
    const lifeMs = performance.now() - this.#readySinceMs;
    this.#readySinceMs = undefined;
    this.#quickDeaths = lifeMs < LLAMA_BOUNDS.soundLifeMs ? this.#quickDeaths + 1 : 0;
    this.#listener.onLost(detail);
    this.#startAgain(this.#quickDeaths);
  }

  /** A first start that fails is the operator's to mend; later ones are tried again, but not forever. */
  #startFailed(failure: LlamaStartFailure): void {
    this.#failedStarts += 1;
    if (!this.#wasEverReady || this.#failedStarts >= LLAMA_BOUNDS.failedStartsMax) {
      return this.#listener.onGivenUp(failure);
    }
    this.#listener.onLost(startFailureSentence(failure));
    this.#startAgain(this.#quickDeaths + this.#failedStarts);
  }

  #startAgain(troubles: number): void {
    const { restartDelayMinMs, restartDelayMaxMs } = LLAMA_BOUNDS;
    const delayMs = Math.min(restartDelayMaxMs, restartDelayMinMs * 2 ** Math.max(0, troubles - 1));
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      void this.#start();
    }, delayMs);
  }
}
