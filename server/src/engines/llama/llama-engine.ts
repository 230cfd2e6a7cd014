// The embedded engine: llama.cpp in a process of its own, behind the port that every inference server has here.
// Generations wait in this process, so that a crash of the other fails only those that were running in it.

import type { Ticket } from '../../domain/admission/ticket.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import { itemText, type Generation } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE, sumOf } from '../../domain/generation/usage.ts';
import type { Usage } from '../../domain/generation/usage.ts';
import { err, ok } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import { COUNT_TIMEOUT_MS } from '../../limits.ts';
import type { CountQuestion, Engine, EngineState } from '../../ports/engine.ts';
import type { FromHost, HostEvent } from './host-protocol.ts';
import { isEnding, Job } from './job.ts';
import type { LlamaModelFacts } from './model-facts.ts';
import { defaultThreads, LLAMA_BOUNDS, LLAMA_DEFAULTS } from './options.ts';
import type { LlamaOptions } from './options.ts';
import { Questions } from './questions.ts';
import type { Counted } from './questions.ts';
import { startFailureSentence } from './start-failure.ts';
import type { LlamaStartFailure } from './start-failure.ts';
import { Supervisor } from './supervisor.ts';

export type LlamaStats = {
  /** In the engine's process, until that says that they have ended. */
  readonly running: number;
  readonly queued: number;
  readonly restarts: number;
  /** Of the engine's process, as of its last heartbeat. */
  readonly rssBytes: number | undefined;
  /** Of all generations since the start. */
  readonly usage: Usage;
};

const STOPPED: EngineFailure = { kind: 'unreachable', detail: 'The embedded engine was stopped.' };

/** Starts at once, in the background: `engine.ready` tells how that went. */
export function startLlamaEngine(options: LlamaOptions): LlamaEngine {
  return new LlamaEngine(options);
}

export class LlamaEngine implements Engine {
  readonly name: string;
  /** Settles once, with the first start; a failure there is final. */
  readonly ready: Promise<Result<LlamaModelFacts, LlamaStartFailure>>;
  readonly #options: LlamaOptions;
  #slots: number;
  readonly #supervisor: Supervisor;
  readonly #settleReady: (result: Result<LlamaModelFacts, LlamaStartFailure>) => void;
  readonly #queue: Job[] = [];
  readonly #running = new Map<number, Job>();
  readonly #counts = new Questions<number>(COUNT_TIMEOUT_MS);
  #state: EngineState = { kind: 'starting' };
  #facts: LlamaModelFacts | undefined;
  #rssBytes: number | undefined;
  #usage: Usage = NO_USAGE;
  #jobs = 0;
  #disposed: Promise<void> | undefined;

  constructor(options: LlamaOptions) {
    this.name = options.name;
    this.#options = options;
    this.#slots = options.slots ?? LLAMA_DEFAULTS.slots;
    const { promise, resolve } =
      Promise.withResolvers<Result<LlamaModelFacts, LlamaStartFailure>>();
    this.ready = promise;
    this.#settleReady = resolve;
    this.#supervisor = new Supervisor(
      {
        modelPath: options.modelPath,
        slots: this.#slots,
        fewerSlotsAllowed: options.slots === undefined,
        threads: options.threads ?? defaultThreads(),
        gpu: options.gpu ?? false,
        ...(options.contextTokens === undefined ? {} : { contextTokens: options.contextTokens }),
      },
      options.startTimeoutMs ?? LLAMA_DEFAULTS.startTimeoutMs,
      {
        onMessage: (message) => this.#hear(message),
        onReady: (facts) => this.#becomeReady(facts),
        onLost: (detail) => this.#lose(detail),
        onGivenUp: (failure) => this.#giveUp(failure),
      },
    );
  }

  state(): EngineState {
    return this.#state;
  }

  /** Known once the engine was ready. */
  get facts(): LlamaModelFacts | undefined {
    return this.#facts;
  }

  /** Of the engine's own process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  stats(): LlamaStats {
    return {
      running: this.#running.size,
      queued: this.#queue.length,
      restarts: this.#supervisor.restarts,
      rssBytes: this.#rssBytes,
      usage: this.#usage,
    };
  }

  async *generate(ticket: Ticket, signal: AbortSignal): AsyncGenerator<readonly Part[], void> {
    const refused = signal.aborted ? ({ kind: 'aborted' } as const) : this.#refusal(ticket);
    if (refused) {
      yield [{ kind: 'failure', failure: refused }];
      return;
    }
    const job = new Job(++this.#jobs, ticket);
    const abort = (): void => this.#abort(job);
    signal.addEventListener('abort', abort, { once: true });
    try {
      this.#enqueue(job);
      for (;;) {
        const parts = await job.mailbox.take();
        yield parts;
        const last = parts.at(-1);
        if (last !== undefined && isEnding(last)) return;
      }
    } finally {
      signal.removeEventListener('abort', abort);
      // The reader may have left before the end.
      if (!job.isOver) this.#abort(job);
    }
  }

  async countTokens({ generation }: CountQuestion, signal: AbortSignal): Promise<Counted> {
    const cannot = this.#tooLong(generation);
    if (cannot) return err(cannot);
    if (this.#state.kind === 'down')
      return err({ kind: 'unreachable', detail: this.#state.reason });
    if (this.#state.kind === 'starting') return err({ kind: 'overloaded' });
    const ask = (id: number): void => this.#supervisor.send({ kind: 'count', id, generation });
    return await this.#counts.ask(ask, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#state = { kind: 'down', reason: 'The embedded engine was stopped.' };
    this.#settleReady(err({ kind: 'stopped' }));
    this.#failQueue(STOPPED);
    this.#failRunning(STOPPED);
    await this.#supervisor[Symbol.asyncDispose]();
  }

  #refusal({ generation }: Ticket): EngineFailure | undefined {
    if (this.#state.kind === 'down') return { kind: 'unreachable', detail: this.#state.reason };
    if (this.#queue.length >= (this.#options.queueMax ?? LLAMA_DEFAULTS.queueMax)) {
      return { kind: 'overloaded', retryAfterMs: this.#retryAfterMs() };
    }
    return this.#tooLong(generation);
  }

  /** Text that can't fit is refused before it is tokenised. */
  #tooLong(generation: Generation): EngineFailure | undefined {
    const { contextTokens, tokenBytesMax } = this.#facts ?? {};
    if (contextTokens === undefined || tokenBytesMax === undefined) return undefined;
    const { items, tools, toolChoice, rawPrompts = [] } = generation;
    const shown = toolChoice.kind === 'none' || tools.length === 0 ? '' : JSON.stringify(tools);
    const texts = [...items.map(itemText), shown];
    for (const raw of rawPrompts) {
      if (typeof raw === 'string') texts.push(raw);
      else if (raw.length >= contextTokens) {
        return { kind: 'context-length', tokens: raw.length, tokensMax: contextTokens - 1 };
      }
    }
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    const fits =
      bytes <= Math.max(contextTokens * tokenBytesMax, LLAMA_BOUNDS.promptBytesUncheckedMax);
    return fits ? undefined : { kind: 'context-length', tokensMax: contextTokens - 1 };
  }

  #enqueue(job: Job): void {
    this.#queue.push(job);
    const waitMaxMs = this.#options.queueWaitMaxMs ?? LLAMA_DEFAULTS.queueWaitMaxMs;
    job.timer = setTimeout(() => {
      this.#leaveQueue(job);
      job.fail({ kind: 'overloaded', retryAfterMs: this.#retryAfterMs() });
    }, waitMaxMs);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#state.kind === 'ready' && this.#running.size < this.#slots) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      clearTimeout(job.timer);
      this.#running.set(job.id, job);
      const { generation, outputTokensMax } = job.ticket;
      this.#supervisor.send({ kind: 'generate', id: job.id, generation, outputTokensMax });
    }
  }

  #abort(job: Job): void {
    if (job.isOver) return;
    job.markAborted();
    if (this.#leaveQueue(job)) return job.fail({ kind: 'aborted' });
    this.#supervisor.send({ kind: 'abort', id: job.id });
    job.timer = setTimeout(() => job.fail({ kind: 'aborted' }), LLAMA_BOUNDS.abortGraceMs);
  }

  #leaveQueue(job: Job): boolean {
    const at = this.#queue.indexOf(job);
    if (at < 0) return false;
    this.#queue.splice(at, 1);
    return true;
  }

  #hear(message: FromHost): void {
    if (message.kind === 'events') for (const event of message.events) this.#deliver(event);
    if (message.kind === 'counted') this.#counts.answer(message.id, message.counted);
    if (message.kind === 'pong') this.#rssBytes = message.rssBytes;
    if (message.kind === 'progress') this.#options.onLoadProgress?.(message.fraction);
  }

  #deliver({ id, parts }: HostEvent): void {
    const job = this.#running.get(id);
    if (job === undefined) return;
    const last = parts.at(-1);
    if (last !== undefined && isEnding(last)) {
      this.#running.delete(id);
      const usage = parts.findLast((part) => part.kind === 'usage')?.usage;
      if (usage) this.#usage = sumOf(this.#usage, usage);
    }
    job.deliver(parts);
    this.#dispatch();
  }

  #becomeReady(facts: LlamaModelFacts): void {
    this.#facts = facts;
    this.#slots = facts.slots;
    this.#state = { kind: 'ready' };
    this.#settleReady(ok(facts));
    this.#options.log?.info(
      { engine: this.name, pid: this.pid, model: facts },
      'The embedded engine is ready.',
    );
    this.#dispatch();
  }

  #lose(detail: string): void {
    this.#state = { kind: 'starting' };
    this.#rssBytes = undefined;
    const lost = this.#running.size;
    this.#options.log?.error(
      { engine: this.name, detail, lost },
      'The embedded engine ended and is started again.',
    );
    this.#failRunning({ kind: 'crashed', detail: `The engine's process ended: ${detail}.` });
  }

  #giveUp(failure: LlamaStartFailure): void {
    const reason = startFailureSentence(failure);
    this.#state = { kind: 'down', reason };
    this.#settleReady(err(failure));
    this.#options.log?.error({ engine: this.name, failure: failure.kind }, reason);
    this.#failQueue({ kind: 'unreachable', detail: reason });
    this.#failRunning({ kind: 'crashed', detail: reason });
  }

  #failQueue(failure: EngineFailure): void {
    for (const job of this.#queue.splice(0)) job.fail(failure);
  }

  #failRunning(failure: EngineFailure): void {
    const jobs = [...this.#running.values()];
    this.#running.clear();
    this.#counts.fail(failure);
    for (const job of jobs) job.fail(failure);
  }

  /** The queue moves a slot's worth of generations at a time; a short answer takes about a second. */
  #retryAfterMs(): number {
    return 1_000 * Math.ceil((this.#queue.length + 1) / this.#slots);
  }
}
