// From a socket to the gateway: makes the call and the sink of each generation request, and knows which are running,
// so that a stopping server can wait for them.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../gateway/gateway.ts';
import { serve } from '../gateway/serve.ts';
import { SERVER_STOPPING } from '../gateway/stopping.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { readJson } from './request-body.ts';
import { SocketSink } from './socket-sink.ts';

export class Generations {
  readonly #gateway: Gateway;
  readonly #running = new Map<SocketSink, Promise<void>>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Never throws: what goes wrong is answered, and our own mistakes are logged and answered with a 500. */
  handle(protocol: Protocol, request: IncomingMessage, response: ServerResponse): void {
    const sink = new SocketSink(request, response);
    const requestId = newRequestId(this.#gateway.clock.nowMs());
    const call = {
      requestId,
      authorization: request.headers.authorization,
      readJson: () => readJson(request),
    };
    const done = serve(this.#gateway, protocol, call, sink)
      .catch((error: unknown) => {
        this.#gateway.log.error({ requestId, err: error }, 'a request failed by a mistake of ours');
        const { status, headers, body } = protocol.refusal({ kind: 'internal' }, requestId);
        if (response.headersSent) sink.destroy();
        else sink.answer(status, headers, body);
      })
      .finally(() => this.#running.delete(sink));
    this.#running.set(sink, done);
  }

  /** Resolves when every running answer has ended and is settled; when `cut` aborts, those left are ended by us. */
  async drain(cut: AbortSignal): Promise<void> {
    const cutAll = (): void => {
      for (const sink of this.#running.keys()) sink.abort(SERVER_STOPPING);
    };
    if (cut.aborted) cutAll();
    else cut.addEventListener('abort', cutAll, { once: true });
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }
}
