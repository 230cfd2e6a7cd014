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
  readonly #running = new Set<SocketSink>();
  #whenNoneRuns: () => void = () => {};

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  handle(protocol: Protocol, request: IncomingMessage, response: ServerResponse): void {
    const sink = new SocketSink(request, response);
    this.#running.add(sink);
    void this.#serve(protocol, request, response, sink);
  }

  /** Never rejects: what goes wrong is answered, and our own mistakes are logged and answered with a 500. */
  async #serve(
    protocol: Protocol,
    request: IncomingMessage,
    response: ServerResponse,
    sink: SocketSink,
  ): Promise<void> {
    const requestId = newRequestId(this.#gateway.clock.nowMs());
    const { authorization } = request.headers;
    const call = { requestId, authorization, readJson: () => readJson(request) };
    try {
      await serve(this.#gateway, protocol, call, sink);
    } catch (error) {
      this.#gateway.log.error({ requestId, err: error }, 'a request failed by a mistake of ours');
      const { status, headers, body } = protocol.refusal({ kind: 'internal' }, requestId);
      if (response.headersSent) sink.destroy();
      else sink.answer(status, headers, body);
    } finally {
      this.#running.delete(sink);
      if (this.#running.size === 0) this.#whenNoneRuns();
    }
  }

  /** Resolves when every running answer has ended and is settled; when `cut` aborts, those left are ended by us. */
  async drain(cut: AbortSignal): Promise<void> {
    const cutAll = (): void => {
      for (const sink of this.#running) sink.abort(SERVER_STOPPING);
    };
    if (cut.aborted) cutAll();
    else cut.addEventListener('abort', cutAll, { once: true });
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => (this.#whenNoneRuns = resolve));
  }
}
