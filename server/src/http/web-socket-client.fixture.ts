// A client of the server's WebSockets, for tests: sends frames and waits for what comes, one answer at a time.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import pino from 'pino';
import { WebSocket } from 'ws';
import { Turnstile, PLENTY } from '../gateway/turnstile.fixture.ts';
import { openaiCompact } from '../protocols/openai-responses/compact.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { HttpServer, type HttpOptions } from './http-server.ts';

/** What the tests read of a frame. */
export type Frame = {
  readonly type: string;
  readonly stream_id?: string;
  readonly sequence_number?: number;
  readonly delta?: string;
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  readonly error?: { readonly code: string | null; readonly message: string; readonly param: string | null };
  readonly response?: {
    readonly id: string;
    readonly status: string;
    readonly previous_response_id: string | null;
    readonly output: readonly { readonly type: string; readonly call_id?: string; readonly content?: readonly { readonly text?: string }[] }[];
    readonly usage: { readonly input_tokens: number; readonly output_tokens: number } | null;
  };
}; // prettier-ignore

const PATIENCE_MS = 10_000;
const LAST = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/** Ends an answer: its last event, or an error that stands for all of it. */
export function isLast({ type, status }: Frame): boolean {
  return LAST.has(type) || (type === 'error' && status !== undefined);
}

export class SocketClient implements AsyncDisposable {
  readonly peer: WebSocket;
  readonly frames: Frame[] = [];
  #read = 0;
  #heard: () => void = () => {};

  private constructor(peer: WebSocket) {
    this.peer = peer;
    peer.on('error', () => {});
    peer.on('close', () => this.#heard());
    peer.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString('utf8')) as Frame); // a test reads what it expects
      this.#heard();
    });
  }

  static async open(origin: string, key: string): Promise<SocketClient> {
    const url = `${origin.replace('http', 'ws')}/v1/responses`;
    const peer = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });
    const client = new SocketClient(peer);
    await once(peer, 'open');
    return client;
  }

  /** Nothing is kept unless the fields say so: then what is remembered lives on the socket alone. */
  create(fields: object): void {
    const frame = { type: 'response.create', model: 'priced', store: false, ...fields };
    this.peer.send(JSON.stringify(frame));
  }

  /** Sends a request and waits for all of its answer. */
  async ask(fields: object): Promise<Frame> {
    this.create(fields);
    return await this.last();
  }

  /** The frame that ends the next answer, of one lane where it is given. */
  async last(lane?: string): Promise<Frame> {
    return await this.next((frame) => isLast(frame) && (!lane || frame.stream_id === lane));
  }

  /** The next frame that is as wanted; those before it are passed over. */
  async next(wanted: (frame: Frame) => boolean): Promise<Frame> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      for (; this.#read < this.frames.length; this.#read++) {
        const frame = this.frames[this.#read];
        if (frame === undefined || !wanted(frame)) continue;
        this.#read++;
        return frame;
      }
      assert.ok(!deadline.aborted, 'no such frame in time');
      assert.notEqual(this.peer.readyState, WebSocket.CLOSED, 'the socket is closed');
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
        setTimeout(resolve, PATIENCE_MS / 10).unref();
      });
    }
  }

  /** The code with which the server closes, or has closed. */
  async closed(): Promise<number> {
    if (this.peer.readyState === WebSocket.CLOSED) return 0;
    const [code] = (await once(this.peer, 'close', {
      signal: AbortSignal.timeout(PATIENCE_MS),
    })) as [number]; // ws gives the code first
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.peer.terminate();
    if (this.peer.readyState !== WebSocket.CLOSED) await once(this.peer, 'close');
  }
}

/** A server on a free port of the loopback over a gateway in memory. */
export class SocketServer implements AsyncDisposable {
  readonly turnstile: Turnstile;
  readonly server: HttpServer;
  readonly origin: string;

  private constructor(turnstile: Turnstile, server: HttpServer, origin: string) {
    this.turnstile = turnstile;
    this.server = server;
    this.origin = origin;
  }

  static async start({ webSockets = true, ...more }: Partial<HttpOptions> = {}) {
    const turnstile = await Turnstile.with(PLENTY);
    const server = await HttpServer.create({
      gateway: turnstile.gateway,
      protocols: [openaiResponses, openaiCompact],
      facts: { version: '0', storeReady: async () => true },
      webSockets,
      mountManagement: async () => undefined,
      logger: pino({ level: 'silent' }),
      ...more,
    });
    return new SocketServer(turnstile, server, await server.listen('127.0.0.1', 0));
  }

  open(key = this.turnstile.key): Promise<SocketClient> {
    return SocketClient.open(this.origin, key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop(AbortSignal.abort());
  }
}
