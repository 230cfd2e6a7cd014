// Stripe on a port of this machine, for the official library to talk to: keys choose the account, idempotency keys are
// remembered for a day, and what goes wrong on the way is chosen by the account's seed.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readForm } from './form.ts';
import { handle, refusal, type Reply, type Request } from './stripe-api.ts';
import type { StripeAccount } from './stripe-account.ts';

/** What can go wrong with one request. */
export type Fault =
  | 'none'
  | 'fails-before'
  /** It was done, and the answer is an error, also when it is asked again. */
  | 'fails-after'
  /** It was done, and the connection is cut; the library asks once more, and is cut again. */
  | 'cut-after'
  /** It was done, and half of the answer arrives. */
  | 'torn-after'
  /** It was done at once, and the answer comes later than the caller waits. */
  | 'late'
  /** It is done later than the caller waits. */
  | 'slow'
  | 'webhook-first'
  | 'busy';

export type SimulatedAccount = {
  readonly account: StripeAccount;
  /** Chooses what goes wrong; called once per request. */
  fault(method: string): Fault;
  /** Sends what has happened so far, before the answer is sent. */
  deliverNow(): Promise<void>;
};

const KEY_LIVES_MS = 24 * 3_600_000;
/** Longer than the tests let the library wait. */
export const LATE_MS = 150;
const VERSION = /^\d{4}-\d{2}-\d{2}\.[a-z]+$/;

type Remembered = {
  readonly atMs: number;
  readonly asked: string;
  reply: Reply | undefined;
  cuts: number;
};

export class StripeSimulator implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    const answered = this.#answer(request, response).catch(() => {
      response.destroy();
    });
    this.#running.add(answered);
    void answered.finally(() => this.#running.delete(answered));
  });
  readonly #accounts = new Map<string, SimulatedAccount>();
  readonly #remembered = new Map<string, Remembered>();
  readonly #running = new Set<Promise<void>>();
  requests = 0;

  static async start(): Promise<StripeSimulator> {
    const simulator = new StripeSimulator();
    simulator.#server.listen(0, '127.0.0.1');
    await once(simulator.#server, 'listening');
    return simulator;
  }

  get at(): { readonly host: string; readonly port: number } {
    const { port } = this.#server.address() as AddressInfo; // it listens on a port
    return { host: '127.0.0.1', port };
  }

  add(secretKey: string, simulated: SimulatedAccount): void {
    this.#accounts.set(secretKey, simulated);
  }

  remove(secretKey: string): void {
    this.#accounts.delete(secretKey);
    this.#remembered.clear();
  }

  /** When all that was asked for has been done, also what nobody waits for any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const body = await textOf(request);
    const url = new URL(request.url ?? '/', 'http://stripe');
    const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const simulated = this.#accounts.get(key);
    if (simulated === undefined) return send(response, refusal(401, 'Invalid API Key provided.'));
    if (!VERSION.test(String(request.headers['stripe-version']))) {
      return send(response, refusal(400, 'No Stripe-Version.'));
    }
    const method = request.method ?? 'GET';
    const path = url.pathname.replace(/^\/v1/, '');
    const form = readForm(method === 'POST' ? body : url.search.slice(1));
    const named = request.headers['idempotency-key'];
    const asked = { method, path, form };
    if (method !== 'POST' || typeof named !== 'string') {
      return this.#faulty(simulated, asked, response, undefined);
    }
    const [name, digest] = [
      `${key} ${named}`,
      createHash('sha256')
        .update(path + body)
        .digest('hex'),
    ];
    const before = this.#remembered.get(name);
    const nowMs = simulated.account.nowMs();
    if (before !== undefined && nowMs - before.atMs < KEY_LIVES_MS) {
      return this.#again(before, digest, response);
    }
    const remembered: Remembered = { atMs: nowMs, asked: digest, reply: undefined, cuts: 0 };
    this.#remembered.set(name, remembered);
    return this.#faulty(simulated, asked, response, remembered);
  }

  #again(before: Remembered, asked: string, response: ServerResponse): void {
    if (before.asked !== asked) {
      const message = 'Keys for idempotent requests can only be used with the same parameters.';
      return send(response, {
        status: 400,
        body: { error: { type: 'idempotency_error', message } },
      });
    }
    if (before.cuts > 0) {
      before.cuts -= 1;
      response.destroy();
      return undefined;
    }
    if (before.reply === undefined) {
      return send(response, refusal(409, 'It is being worked on.', 'idempotency_key_in_use'));
    }
    return send(response, before.reply);
  }

  async #faulty(
    simulated: SimulatedAccount,
    asked: Request,
    response: ServerResponse,
    remembered: Remembered | undefined,
  ): Promise<void> {
    const fault = simulated.fault(asked.method);
    if (fault === 'fails-before' || fault === 'busy') {
      // It never began: nothing is remembered of it.
      if (remembered !== undefined) remembered.reply = undefined;
      this.#forget(remembered);
      return send(response, fault === 'busy' ? refusal(429, 'Too many requests.') : BROKEN);
    }
    if (fault === 'slow') await sleep(LATE_MS);
    const reply = handle(simulated.account, asked);
    const shown = fault === 'fails-after' ? BROKEN : reply;
    if (remembered !== undefined) remembered.reply = shown;
    if (fault === 'webhook-first') await simulated.deliverNow();
    if (fault === 'cut-after') {
      if (remembered !== undefined) remembered.cuts = 1;
      response.destroy();
      return undefined;
    }
    if (fault === 'torn-after') return tear(response, shown);
    if (fault === 'late') await sleep(LATE_MS);
    return send(response, shown);
  }

  #forget(remembered: Remembered | undefined): void {
    for (const [name, one] of this.#remembered)
      if (one === remembered) this.#remembered.delete(name);
  }
}

const BROKEN: Reply = {
  status: 500,
  body: { error: { type: 'api_error', message: 'Something went wrong on our end.' } },
};

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

function tear(response: ServerResponse, { status, body }: Reply): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(text.slice(0, text.length / 2));
}

function send(response: ServerResponse, { status, body }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
