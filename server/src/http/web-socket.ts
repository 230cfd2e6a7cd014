// One WebSocket: its frames in, the answers to them out. Each request is one `serve`, with the same admission, hold and
// settlement as over HTTP. Requests of one lane run one after the other, lanes run side by side.

import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Refusal } from '../domain/refusal.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { serve } from '../gateway/serve.ts';
import { warmUp } from '../gateway/warm-up.ts';
import { newRequestId } from '../lib/ids.ts';
import { ok } from '../lib/result.ts';
import {
  JSON_BOUNDS,
  RETRY_AFTER_WEBSOCKET_MS,
  WEBSOCKET_CLOSE_MS,
  WEBSOCKET_LANES_MAX,
  WEBSOCKET_LIFETIME_MS,
  WEBSOCKET_PING_MS,
  WEBSOCKET_WAITING_BYTES_MAX,
  WEBSOCKET_WAITING_MAX,
  WRITE_STALL_MS,
} from '../limits.ts';
import type { Protocol, SocketFrames, SocketRequest } from '../protocols/protocol.ts';
import { AT_ONCE_BYTES_MAX, parseJsonText } from '../lib/json-text.ts';
import { SocketMemory, type SocketMemoryBudget } from './socket-memory.ts';
import { WebSocketSink, type FrameWriter } from './web-socket-sink.ts';

const CLIENT_LEFT = Symbol('client left');

/** RFC 6455 §7.4.1. */
const CLOSE_CODE = { normal: 1000, goingAway: 1001, policy: 1008 } as const;

export type WebSocketFacts = {
  readonly gateway: Gateway;
  readonly protocol: Protocol;
  readonly frames: SocketFrames;
  readonly memory: SocketMemoryBudget;
  readonly headers: IncomingHttpHeaders;
  readonly authorization: string | undefined;
};

type Waiting = { readonly request: SocketRequest; readonly bytes: number };
type Lane = { readonly waiting: Waiting[]; sink: WebSocketSink | undefined };

export class WebSocketConnection implements FrameWriter {
  readonly #facts: WebSocketFacts;
  /** Frames that came and are not understood yet. */
  #unread = 0;
  #reading: Promise<void> = Promise.resolve();
  readonly #peer: WebSocket;
  readonly #socket: Duplex;
  readonly #memory: SocketMemory;
  readonly #lanes = new Map<string | undefined, Lane>();
  readonly #expiry: NodeJS.Timeout;
  readonly #pings: NodeJS.Timeout;
  readonly #onGone: () => void;
  #waiting = 0;
  #waitingBytes = 0;
  #heard = true;
  /** Set when nothing new is taken: the last words, once what runs has ended. */
  #farewell: (() => void) | undefined;

  constructor(facts: WebSocketFacts, peer: WebSocket, socket: Duplex, onGone: () => void) {
    this.#facts = facts;
    this.#peer = peer;
    this.#socket = socket;
    this.#onGone = onGone;
    this.#memory = new SocketMemory(facts.gateway.memory, facts.memory);
    this.#expiry = setTimeout(() => this.#expire(), WEBSOCKET_LIFETIME_MS).unref();
    this.#pings = setInterval(() => this.#ping(), WEBSOCKET_PING_MS).unref();
    peer.on('message', (data, isBinary) => this.#receive(data, isBinary));
    peer.on('pong', () => (this.#heard = true));
    peer.on('ping', () => (this.#heard = true));
    // A frame that is too large or no WebSocket frame at all; ws says why to the peer and closes.
    peer.on('error', () => {});
    peer.on('close', () => this.#gone());
  }

  get authorization(): string | undefined {
    return this.#facts.authorization;
  }

  // ── What comes in ────────────────────────────────────────────────────────────────────────────────────────

  #receive(data: RawData, isBinary: boolean): void {
    this.#heard = true;
    if (this.#farewell !== undefined) return;
    if (isBinary || !Buffer.isBuffer(data)) {
      return this.#refuse(invalid('Send text frames; this one was binary.'));
    }
    // One after the other, in their order; a large one is read in slices.
    this.#unread++;
    this.#peer.pause();
    this.#reading = this.#reading.then(() => this.#read(data));
  }

  /** Never rejects. */
  async #read(data: Buffer): Promise<void> {
    const json = await parseJsonText(data, JSON_BOUNDS);
    this.#unread--;
    if (this.#unread === 0) this.#peer.resume();
    if (json.ok) this.#take(json.value, data.length);
    else this.#refuse(invalid(`The frame can't be read as JSON: ${json.error}.`));
    if (!this.busy) this.#farewell?.();
  }

  #take(json: unknown, bytes: number): void {
    const request = this.#facts.frames.request(json);
    if (!request.ok) return this.#refuse(request.error);
    this.#enqueue({ request: request.value, bytes });
  }

  #enqueue(next: Waiting): void {
    const { lane: name } = next.request;
    const lane = this.#lanes.get(name);
    if (lane === undefined) {
      if (this.#lanes.size >= WEBSOCKET_LANES_MAX) return this.#refuseBusy(name);
      const begun: Lane = { waiting: [next], sink: undefined };
      this.#lanes.set(name, begun);
      void this.#run(begun, name);
      return;
    }
    const full =
      this.#waiting >= WEBSOCKET_WAITING_MAX ||
      this.#waitingBytes + next.bytes > WEBSOCKET_WAITING_BYTES_MAX;
    if (full) return this.#refuseBusy(name);
    this.#waiting++;
    this.#waitingBytes += next.bytes;
    lane.waiting.push(next);
  }

  #refuseBusy(lane: string | undefined): void {
    const refusal: Refusal = {
      kind: 'websocket-busy',
      lanesMax: WEBSOCKET_LANES_MAX,
      waitingMax: WEBSOCKET_WAITING_MAX,
      retryAfterMs: RETRY_AFTER_WEBSOCKET_MS,
    };
    this.#refuse(refusal, lane);
  }

  #refuse(refusal: Refusal, lane?: string): void {
    const { protocol, frames, gateway } = this.#facts;
    const frame = frames.refusal(protocol.refusal(refusal, newRequestId(gateway.clock.nowMs())));
    this.send(lane === undefined ? frame : frames.withLane(frame, lane));
  }

  // ── Running ──────────────────────────────────────────────────────────────────────────────────────────────

  /** One request after the other until none waits. Never rejects. */
  async #run(lane: Lane, name: string | undefined): Promise<void> {
    for (let next = lane.waiting.shift(); next !== undefined; next = this.#next(lane)) {
      const sink = new WebSocketSink(this, this.#facts.frames, name);
      lane.sink = sink;
      if (this.#peer.readyState === this.#peer.CLOSED) sink.abort(CLIENT_LEFT);
      await this.#answer(next, sink);
    }
    this.#lanes.delete(name);
    if (!this.busy) this.#farewell?.();
  }

  #next(lane: Lane): Waiting | undefined {
    const next = this.#peer.readyState === this.#peer.OPEN ? lane.waiting.shift() : undefined;
    if (next === undefined) return undefined;
    this.#waiting--;
    this.#waitingBytes -= next.bytes;
    return next;
  }

  async #answer({ request, bytes }: Waiting, sink: WebSocketSink): Promise<void> {
    const { gateway, protocol, frames, headers, authorization } = this.#facts;
    const requestId = newRequestId(gateway.clock.nowMs());
    const readJson = () => Promise.resolve(ok(request.body));
    const isLarge = () => bytes > AT_ONCE_BYTES_MAX;
    const call = { requestId, headers, authorization, readJson, isLarge };
    const run = request.generates ? serve : warmUp;
    try {
      await run({ ...gateway, memory: this.#memory }, protocol, call, sink);
    } catch (error) {
      gateway.log.error({ requestId, err: error }, 'a request failed by a mistake of ours');
      if (sink.opened) sink.destroy();
      else this.#refuse({ kind: 'internal' }, request.lane);
    }
    // What a failed request went on from may be what made it fail.
    const { previousId } = request;
    const good = sink.last !== undefined && frames.isGood(sink.last);
    if (!good && previousId !== undefined) this.#memory.forget(previousId);
  }

  // ── What goes out ────────────────────────────────────────────────────────────────────────────────────────

  send(frame: string): void {
    if (this.#peer.readyState === this.#peer.OPEN) this.#peer.send(frame);
  }

  drained(): Promise<void> | undefined {
    const socket = this.#socket;
    if (socket.destroyed || !socket.writableNeedDrain) return undefined;
    return new Promise((resolve) => {
      const stalled = setTimeout(() => this.terminate(), WRITE_STALL_MS);
      const done = (): void => {
        clearTimeout(stalled);
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.once('drain', done);
      socket.once('close', done);
    });
  }

  terminate(): void {
    this.#peer.terminate();
  }

  #ping(): void {
    if (!this.#heard) return this.terminate();
    this.#heard = false;
    this.#peer.ping();
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────

  #expire(): void {
    this.#sayGoodbye(() => {
      this.#refuse({ kind: 'websocket-expired', afterMs: WEBSOCKET_LIFETIME_MS });
      this.#close(CLOSE_CODE.normal);
    });
  }

  /** The key is no longer good: nothing new begins, and what runs ends as it would over HTTP. */
  endKey(): void {
    this.#sayGoodbye(() => {
      this.#refuse({ kind: 'unauthenticated', reason: 'revoked' });
      this.#close(CLOSE_CODE.policy);
    });
  }

  /** The server stops: what runs may end; what waits is told to come back. */
  stop(): void {
    this.#sayGoodbye(() => this.#close(CLOSE_CODE.goingAway));
  }

  /** Ends the work of every answer that still runs. */
  cut(reason: symbol): void {
    for (const { sink } of this.#lanes.values()) sink?.abort(reason);
  }

  get busy(): boolean {
    return this.#lanes.size > 0 || this.#unread > 0;
  }

  #sayGoodbye(farewell: () => void): void {
    if (this.#farewell !== undefined) return;
    this.#farewell = farewell;
    if (!this.busy) farewell();
  }

  #close(code: number): void {
    this.#peer.close(code);
    setTimeout(() => this.terminate(), WEBSOCKET_CLOSE_MS).unref();
  }

  #gone(): void {
    clearTimeout(this.#expiry);
    clearInterval(this.#pings);
    this.cut(CLIENT_LEFT);
    this.#memory[Symbol.dispose]();
    this.#onGone();
  }
}

function invalid(message: string): Refusal {
  return { kind: 'invalid-request', message };
}
