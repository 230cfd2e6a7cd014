// The embedded engine for models that make embeddings: llama.cpp in a process of its own, as for the others. Texts go
// there in small batches, so that a request that was left stops soon and none holds up the next for long.

import type { EmbeddingTicket } from '../../domain/admission/embedding-ticket.ts';
import type { Embedded } from '../../domain/embedding/embedding.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Part } from '../../domain/generation/part.ts';
import { err, ok } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import { EMBEDDING_TIMEOUT_MS } from '../../limits.ts';
import type { Engine, EngineState } from '../../ports/engine.ts';
import type { VectorBatch } from './host-protocol.ts';
import type { LlamaModelFacts } from './model-facts.ts';
import { defaultThreads, LLAMA_DEFAULTS } from './options.ts';
import type { LlamaOptions } from './options.ts';
import { Questions } from './questions.ts';
import { startFailureSentence } from './start-failure.ts';
import type { LlamaStartFailure } from './start-failure.ts';
import { Supervisor } from './supervisor.ts';

/** A few dozen milliseconds of work for a small model. */
const BATCH_INPUTS = 16;

const FIRST_START_WAIT_MAX_MS = 10_000;

const STOPPED = 'The embedded engine was stopped.';

/** Starts at once, in the background: `engine.ready` tells how that went. */
export function startLlamaEmbedder(options: LlamaOptions): LlamaEmbedder {
  return new LlamaEmbedder(options);
}

export class LlamaEmbedder implements Engine {
  readonly name: string;
  /** Settles once, with the first start; a failure there is final. */
  readonly ready: Promise<Result<LlamaModelFacts, LlamaStartFailure>>;
  readonly #options: LlamaOptions;
  readonly #supervisor: Supervisor;
  readonly #questions = new Questions<VectorBatch>(EMBEDDING_TIMEOUT_MS);
  readonly #settleReady: (result: Result<LlamaModelFacts, LlamaStartFailure>) => void;
  #state: EngineState = { kind: 'starting' };
  #width: number | undefined;

  constructor(options: LlamaOptions) {
    this.name = options.name;
    this.#options = options;
    const { promise, resolve } =
      Promise.withResolvers<Result<LlamaModelFacts, LlamaStartFailure>>();
    this.ready = promise;
    this.#settleReady = resolve;
    const settings = {
      modelPath: options.modelPath,
      task: 'embedding',
      slots: 1,
      fewerSlotsAllowed: true,
      threads: options.threads ?? defaultThreads(),
      gpu: options.gpu ?? false,
      ...(options.contextTokens !== undefined && { contextTokens: options.contextTokens }),
    } as const;
    this.#supervisor = new Supervisor(
      settings,
      options.startTimeoutMs ?? LLAMA_DEFAULTS.startTimeoutMs,
      {
        onMessage: (message) => {
          if (message.kind === 'embedded') this.#questions.answer(message.id, message.embedded);
        },
        onReady: (facts) => this.#becomeReady(facts),
        onLost: (detail) => this.#lose(detail),
        onGivenUp: (failure) => this.#giveUp(failure),
      },
      options.startsAfter,
    );
  }

  state(): EngineState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  async *generate(): AsyncGenerator<readonly Part[], void> {
    const feature = 'answering conversations';
    yield [{ kind: 'failure', failure: { kind: 'unsupported', feature, field: 'model' } }];
  }

  async embed(
    { embedding }: EmbeddingTicket,
    signal: AbortSignal,
  ): Promise<Result<Embedded, EngineFailure>> {
    if (this.#isStartingFirst) await this.#firstStart(signal);
    const cannot = this.#refusal(embedding.dimensions);
    if (cannot) return err(cannot);
    const vectors: Float32Array[] = [];
    let inputTokens = 0;
    for (let at = 0; at < embedding.inputs.length; at += BATCH_INPUTS) {
      const inputs = embedding.inputs.slice(at, at + BATCH_INPUTS);
      const batch = await this.#questions.ask(
        (id) => this.#supervisor.send({ kind: 'embed', id, inputs }),
        signal,
      );
      if (!batch.ok) return batch;
      vectors.push(...batch.value.vectors.map(vectorOf));
      inputTokens += batch.value.inputTokens;
    }
    return ok({ vectors, inputTokens });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = { kind: 'down', reason: STOPPED };
    this.#settleReady(err({ kind: 'stopped' }));
    this.#questions.fail({ kind: 'unreachable', detail: STOPPED });
    await this.#supervisor[Symbol.asyncDispose]();
  }

  get #isStartingFirst(): boolean {
    return this.#state.kind === 'starting' && this.#width === undefined;
  }

  /** A second or so, where it is the last to start: worth waiting for. */
  async #firstStart(signal: AbortSignal): Promise<void> {
    const { promise: given, resolve } = Promise.withResolvers<void>();
    const give = (): void => resolve();
    signal.addEventListener('abort', give);
    const timer = setTimeout(give, FIRST_START_WAIT_MAX_MS);
    if (!signal.aborted) await Promise.race([this.ready, given]);
    clearTimeout(timer);
    signal.removeEventListener('abort', give);
  }

  #refusal(dimensions: number | undefined): EngineFailure | undefined {
    if (this.#state.kind === 'down') return { kind: 'unreachable', detail: this.#state.reason };
    if (this.#state.kind === 'starting') return { kind: 'overloaded' };
    if (dimensions === undefined || dimensions === this.#width) return undefined;
    const feature = `vectors of another length than ${this.#width}`;
    return { kind: 'unsupported', feature, field: 'dimensions' };
  }

  #becomeReady(facts: LlamaModelFacts): void {
    this.#width = facts.width;
    this.#state = { kind: 'ready' };
    this.#settleReady(ok(facts));
    const said = { engine: this.name, pid: this.pid, model: facts };
    this.#options.log?.info(said, 'The embedded engine is ready.');
  }

  #lose(detail: string): void {
    this.#state = { kind: 'starting' };
    this.#questions.fail({
      kind: 'crashed',
      detail: `The engine's process ended: ${detail}.`,
    });
    const said = { engine: this.name, detail };
    this.#options.log?.error(said, 'The embedded engine ended and is started again.');
  }

  #giveUp(failure: LlamaStartFailure): void {
    const reason = startFailureSentence(failure);
    this.#state = { kind: 'down', reason };
    this.#settleReady(err(failure));
    this.#questions.fail({ kind: 'crashed', detail: reason });
    this.#options.log?.error({ engine: this.name, failure: failure.kind }, reason);
  }
}

/** Both ends of the channel are one machine, so its own order of bytes does. */
function vectorOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
