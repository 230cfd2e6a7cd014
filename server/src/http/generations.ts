// From a socket to the gateway: makes the call and the sink of each request that a protocol answers, and knows which
// are running, so that a stopping server can wait for them.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '../gateway/call.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Sink } from '../gateway/sink.ts';
import { SERVER_STOPPING } from '../gateway/stopping.ts';
import { Crowd } from '../lib/crowd.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { authorizationOf } from './authorization.ts';
import { JsonBody } from './request-body.ts';
import { SocketSink } from './socket-sink.ts';

/** What the gateway does at one address: `serve`, or one of its kind. */
export type Operation = {
  readonly refusal: Protocol['refusal'];
  readonly run: (gateway: Gateway, call: Call, sink: Sink) => Promise<void>;
};

export class Generations {
  readonly #gateway: Gateway;
  readonly #running = new Crowd<SocketSink>();
  #whenNoneRuns: () => void = () => {};

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  handle(operation: Operation, request: IncomingMessage, response: ServerResponse): void {
    const sink = new SocketSink(request, response);
    this.#running.add(sink);
    void this.#serve(operation, request, response, sink);
  }

  /** Never rejects: what goes wrong is answered, and our own mistakes are logged and answered with a 500. */
  async #serve(
    { refusal, run }: Operation,
    request: IncomingMessage,
    response: ServerResponse,
    sink: SocketSink,
  ): Promise<void> {
    const requestId = newRequestId(this.#gateway.clock.nowMs());
    const { headers } = request;
    const authorization = authorizationOf(headers);
    const body = new JsonBody(request);
    const readJson = () => body.read();
    const call = { requestId, authorization, headers, readJson, isLarge: () => body.isLarge };
    try {
      await run(this.#gateway, call, sink);
    } catch (error) {
      this.#gateway.log.error({ requestId, err: error }, 'a request failed by a mistake of ours');
      const answer = refusal({ kind: 'internal' }, requestId);
      if (response.headersSent) sink.destroy();
      else sink.answer(answer.status, answer.headers, answer.body);
    } finally {
      this.#running.remove(sink);
      if (this.#running.size === 0) this.#whenNoneRuns();
    }
  }

  /** Resolves when every running answer has ended and is settled; when `cut` aborts, those left are ended by us. */
  async drain(cut: AbortSignal): Promise<void> {
    const cutAll = (): void => {
      for (const sink of this.#running.members) sink.abort(SERVER_STOPPING);
    };
    if (cut.aborted) cutAll();
    else cut.addEventListener('abort', cutAll, { once: true });
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => (this.#whenNoneRuns = resolve));
  }
}
