// Every WebSocket of the server: who may open one, when its key is checked, and how all of them end with the server.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Refusal } from '../domain/refusal.ts';
import { authenticate, identify } from '../gateway/authenticate.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { SERVER_STOPPING } from '../gateway/stopping.ts';
import { newRequestId } from '../lib/ids.ts';
import {
  REQUEST_BODY_BYTES_MAX,
  RETRY_AFTER_OVERLOADED_MS,
  RETRY_AFTER_SHUTDOWN_MS,
  WEBSOCKET_KEY_CHECK_MS,
  WEBSOCKETS_MAX,
} from '../limits.ts';
import type { Protocol, SocketFrames } from '../protocols/protocol.ts';
import { authorizationOf } from './authorization.ts';
import { answerRaw } from './client-error.ts';
import { pathOf } from './dialect.ts';
import type { SocketMemoryBudget } from './socket-memory.ts';
import { WebSocketConnection } from './web-socket.ts';

type Served = { readonly protocol: Protocol; readonly frames: SocketFrames };

export class WebSockets {
  readonly #gateway: Gateway;
  readonly #byPath: ReadonlyMap<string, Served>;
  readonly #open = new Set<WebSocketConnection>();
  readonly #memory: SocketMemoryBudget = { bytes: 0 };
  // No compression: it costs hundreds of KB a connection, and a small frame may unpack to a huge one.
  readonly #handshake = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: REQUEST_BODY_BYTES_MAX,
    // All of it at once, where lib/json-text.ts does it in slices.
    skipUTF8Validation: true,
  });
  #snapshotVersion = -1;
  #keyChecks: NodeJS.Timeout | undefined;
  #whenNoneIsOpen: () => void = () => {};

  constructor(gateway: Gateway, protocols: readonly Protocol[]) {
    this.#gateway = gateway;
    this.#byPath = new Map(
      protocols.flatMap((protocol) => {
        const { socket: frames } = protocol;
        return frames === undefined ? [] : [[frames.path, { protocol, frames }]];
      }),
    );
  }

  /** Whether a request is one for a WebSocket that is served; every other one is answered over HTTP. */
  isFor({ method, url, headers }: IncomingMessage): boolean {
    const wanted = headers.upgrade?.toLowerCase() === 'websocket';
    return wanted && method === 'GET' && this.#byPath.has(pathOf(url));
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const served = this.#byPath.get(pathOf(request.url));
    if (served === undefined) return void socket.destroy();
    const { protocol, frames } = served;
    const authorization = authorizationOf(request.headers);
    const refusal = this.#refusal(authorization);
    if (refusal !== undefined) {
      // The client may leave before it has read why.
      socket.on('error', () => {});
      const requestId = newRequestId(this.#gateway.clock.nowMs());
      return answerRaw(socket, protocol.refusal(refusal, requestId));
    }
    this.#handshake.handleUpgrade(request, socket, head, (peer) => {
      const { headers } = request;
      const gateway = this.#gateway;
      const facts = { gateway, protocol, frames, memory: this.#memory, headers, authorization };
      const connection: WebSocketConnection = new WebSocketConnection(facts, peer, socket, () => {
        this.#open.delete(connection);
        if (this.#open.size === 0) this.#whenNone();
      });
      this.#open.add(connection);
      this.#keyChecks ??= setInterval(() => this.#checkKeys(), WEBSOCKET_KEY_CHECK_MS).unref();
    });
  }

  #refusal(authorization: string | undefined): Refusal | undefined {
    if (this.#gateway.load.stopping) {
      return { kind: 'shutting-down', retryAfterMs: RETRY_AFTER_SHUTDOWN_MS };
    }
    const caller = authenticate(this.#gateway.snapshot(), authorization);
    if (!caller.ok) return caller.error;
    if (this.#open.size < WEBSOCKETS_MAX) return undefined;
    return { kind: 'overloaded', retryAfterMs: RETRY_AFTER_OVERLOADED_MS };
  }

  /** Only a new snapshot can have ended a key. */
  #checkKeys(): void {
    const snapshot = this.#gateway.snapshot();
    if (snapshot.version === this.#snapshotVersion) return;
    this.#snapshotVersion = snapshot.version;
    for (const connection of this.#open) {
      // One that is frozen stays open: what runs may finish, and each new request is refused by name.
      if (!identify(snapshot, connection.authorization).ok) connection.endKey();
    }
  }

  #whenNone(): void {
    clearInterval(this.#keyChecks);
    this.#keyChecks = undefined;
    this.#whenNoneIsOpen();
  }

  /** Resolves when every connection is closed; when `cut` aborts, answers that still run are ended by us. */
  async drain(cut: AbortSignal): Promise<void> {
    const cutAll = (): void => {
      for (const connection of this.#open) connection.cut(SERVER_STOPPING);
    };
    for (const connection of this.#open) connection.stop();
    if (cut.aborted) cutAll();
    else cut.addEventListener('abort', cutAll, { once: true });
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => (this.#whenNoneIsOpen = resolve));
  }
}
