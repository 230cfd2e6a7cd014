// An inference server that speaks Chat Completions, reached over HTTP: vLLM, SGLang, llama-server, Ollama, LM Studio
// and the like. README.md says what is tolerated of each.

import type { Socket } from 'node:net';

import { buildConnector, Pool } from 'undici';
import type { Dispatcher } from 'undici';

import type { EmbeddingTicket } from '../../domain/admission/embedding-ticket.ts';
import type { Ticket } from '../../domain/admission/ticket.ts';
import type { Embedded } from '../../domain/embedding/embedding.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Part } from '../../domain/generation/part.ts';
import { err } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import type { CountQuestion, Engine, EngineState } from '../../ports/engine.ts';
import { embedUpstream, type Upstream } from './embedding-exchange.ts';
import { Exchange } from './exchange.ts';
import type { Host } from './exchange.ts';
import { failureOfError } from './failure-reader.ts';
import { Health } from './health.ts';
import { DEFAULTS } from './options.ts';
import type { OpenAiCompatibleOptions } from './options.ts';
import { farDocument } from './messages.ts';
import { largeRequestBody, requestBody } from './request-body.ts';
import { Tokenizer } from './tokenizer.ts';

/** Below the 5 s after which uvicorn and Node close an idle connection themselves. */
const KEEP_ALIVE_MS = 4000;
const PROBE_TIMEOUT_MS = 2000;

export class OpenAiCompatibleEngine implements Engine, Host {
  readonly name: string;
  readonly #options: OpenAiCompatibleOptions;
  readonly #path: string;
  readonly #headers: readonly string[];
  readonly #pool: Pool;
  readonly #health: Health;
  readonly #tokenizer: Tokenizer;
  readonly #generationsMax: number;
  readonly #waits: {
    readonly responseMs: number;
    readonly idleMs: number;
    readonly connectMs: number;
  };
  /** Errors of connections that had already served an exchange. */
  readonly #staleErrors = new WeakSet<Error>();
  #live = 0;
  #closed: Promise<void> | undefined;

  /** Throws when `baseUrl` is no http(s) URL: the configuration is read once, at the start. */
  constructor(options: OpenAiCompatibleOptions) {
    const url = baseUrlOf(options);
    this.name = options.name;
    this.#options = options;
    this.#path = url.pathname.replace(/\/+$/, '');
    this.#headers = [
      'content-type',
      'application/json',
      ...(options.apiKey === undefined ? [] : ['authorization', `Bearer ${options.apiKey}`]),
    ];
    this.#generationsMax = options.generationsMax ?? DEFAULTS.generationsMax;
    this.#waits = {
      responseMs: options.responseTimeoutMs ?? DEFAULTS.responseTimeoutMs,
      idleMs: options.idleTimeoutMs ?? DEFAULTS.idleTimeoutMs,
      connectMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    };
    this.#pool = this.#openPool(url.origin);
    this.#health = new Health(() => this.#probe());
    this.#tokenizer = new Tokenizer(this.#upstream, options);
  }

  /** Generations that have begun and not ended. */
  get live(): number {
    return this.#live;
  }

  state(): EngineState {
    return this.#health.state;
  }

  generate(ticket: Ticket, signal: AbortSignal): AsyncIterable<readonly Part[]> {
    return new Exchange(this, ticket, signal);
  }

  async embed(
    ticket: EmbeddingTicket,
    signal: AbortSignal,
  ): Promise<Result<Embedded, EngineFailure>> {
    const refused = this.#takePlace();
    if (refused) return err(refused);
    const embedded = await embedUpstream(this.#upstream, ticket, signal);
    this.end(embedded.ok ? undefined : embedded.error);
    return embedded;
  }

  countTokens(
    question: CountQuestion,
    signal: AbortSignal,
  ): Promise<Result<number, EngineFailure>> {
    return this.#tokenizer.count(question, signal);
  }

  get #upstream(): Upstream {
    return {
      pool: this.#pool,
      path: this.#path,
      headers: this.#headers,
      failureOf: (error: Error) => this.failureOf(error),
    };
  }

  begin({ generation }: Ticket): EngineFailure | undefined {
    return farDocument(generation) ?? this.#takePlace();
  }

  #takePlace(): EngineFailure | undefined {
    if (this.#closed) return { kind: 'unreachable', detail: 'The engine was closed.' };
    if (this.#live >= this.#generationsMax) return { kind: 'overloaded' };
    this.#live += 1;
    return undefined;
  }

  write(ticket: Ticket): Promise<Buffer> {
    return largeRequestBody(ticket, this.#options);
  }

  send(ticket: Ticket, handler: Dispatcher.DispatchHandler, written?: Buffer): void {
    this.#pool.dispatch(
      {
        path: `${this.#path}${ticket.generation.rawPrompts ? '' : '/chat'}/completions`,
        method: 'POST',
        headers: [...this.#headers, 'x-request-id', ticket.requestId],
        body: written ?? requestBody(ticket, this.#options),
      },
      handler,
    );
  }

  end(failure: EngineFailure | undefined): void {
    this.#live -= 1;
    this.#health.report(failure);
  }

  failureOf(error: Error): EngineFailure {
    return failureOfError(error, this.#waits);
  }

  isStale(error: Error): boolean {
    return this.#staleErrors.has(error) || bytesReadOf(error) > 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#health.close();
    this.#closed ??= this.#pool.destroy();
    return this.#closed;
  }

  #openPool(origin: string): Pool {
    // undici sets TCP_NODELAY on every connection; openai-compatible-engine.test.ts checks that it still does.
    const connect = buildConnector({ timeout: this.#waits.connectMs, allowH2: false });
    const staleErrors = this.#staleErrors;
    function noteStale(this: Socket, error: Error): void {
      if (this.bytesRead > 0) staleErrors.add(error);
    }
    return new Pool(origin, {
      // One more than there are generations, for the probe.
      connections: this.#generationsMax + 1,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: this.#waits.responseMs,
      bodyTimeout: this.#waits.idleMs,
      connect: (options, callback) =>
        connect(options, (...args) => {
          if (args[1]) args[1].on('error', noteStale);
          else this.#health.down(`Can't connect to ${origin}: ${this.#sentence(args[0])}`);
          callback(...args);
        }),
    });
  }

  #sentence(error: Error): string {
    const failure = this.failureOf(error);
    return 'detail' in failure ? failure.detail : failure.kind;
  }

  async #probe(): Promise<string | undefined> {
    try {
      const { statusCode, body } = await this.#pool.request({
        path: `${this.#path}/models`,
        method: 'GET',
        headers: [...this.#headers],
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      });
      await body.dump();
      if (statusCode === 401 || statusCode === 403)
        return `It refuses the API key with ${statusCode}.`;
      // A server without this route answers, and that is enough.
      return statusCode < 500 ? undefined : `It answers ${statusCode} to GET ${this.#path}/models.`;
    } catch (error) {
      return error instanceof Error ? this.#sentence(error) : 'It does not answer.';
    }
  }
}

function baseUrlOf(options: OpenAiCompatibleOptions): URL {
  const url = URL.canParse(options.baseUrl) ? new URL(options.baseUrl) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Error(
      `The base URL of engine "${options.name}" is not an http or https URL; write it like http://127.0.0.1:8000/v1.`,
    );
  }
  return url;
}

/** undici's own socket errors carry what was read on the connection. */
function bytesReadOf(error: Error): number {
  const socket: unknown = 'socket' in error ? error.socket : undefined;
  if (typeof socket !== 'object' || socket === null || !('bytesRead' in socket)) return 0;
  return typeof socket.bytesRead === 'number' ? socket.bytesRead : 0;
}
