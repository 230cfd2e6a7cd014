// Calls an address that a customer has named, and nothing behind it: the name is looked up once, what it stands for is
// checked, and the connection goes to that very address. Redirects are answers like any other failure.

import { lookup } from 'node:dns/promises';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from '../../lib/public-address.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { WEBHOOK_ANSWER_BYTES_MAX } from '../../limits.ts';
import type { Carried, WebhookCourier } from '../../ports/alerts.ts';

const DETAIL_CHARACTERS_MAX = 300;
const GONE = 410;

type Address = { readonly address: string; readonly family: number };
/** As node:dns does it; tests have names of their own. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export class PinnedWebhook implements WebhookCourier {
  readonly #allowsPrivate: boolean;
  readonly #resolve: Resolve;

  constructor(allowsPrivate: boolean, resolve: Resolve = (host) => lookup(host, { all: true })) {
    this.#allowsPrivate = allowsPrivate;
    this.#resolve = resolve;
  }

  async post(
    url: string,
    headers: { readonly [name: string]: string },
    body: string,
    signal: AbortSignal,
  ): Promise<Carried> {
    const to = new URL(url);
    if (to.protocol !== 'https:' && !this.#allowsPrivate) return failed('it is not https');
    try {
      const address = await abortable(this.#addressOf(to), signal);
      if (!address.ok) return failed(address.error);
      const response = await send(to, address.value, headers, body, signal);
      return await readAnswer(response);
    } catch (error) {
      return failed(reasonOf(error, signal));
    }
  }

  /** Of several, all must be public: which one is taken is not ours to choose tomorrow. */
  async #addressOf({ hostname }: URL): Promise<Result<Address, string>> {
    const host = hostname.replace(/^\[|\]$/g, '');
    const family = isIP(host);
    const found = family > 0 ? [{ address: host, family }] : await this.#resolve(host);
    const inside = found.find(({ address }) => !isPublicAddress(address));
    if (inside !== undefined && !this.#allowsPrivate) {
      return err(`${host} is ${inside.address}, which is no address of the public internet`);
    }
    const [first] = found;
    return first === undefined ? err(`${host} has no address`) : ok(first);
  }
}

function send(
  to: URL,
  { address, family }: Address,
  headers: { readonly [name: string]: string },
  body: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const pinned: LookupFunction = (_host, options, done) => {
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    lookup: pinned,
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = to.protocol === 'https:' ? requestHttps(to, options) : requestHttp(to, options);
    request.on('response', resolve).on('error', reject).end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<Carried> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) {
    response.destroy(); // It has taken it; what else it says is nobody's business.
    return { ok: true, status };
  }
  const said = await beginning(response);
  const why =
    status >= 300 && status < 400
      ? `it answered ${status}: redirects are not followed`
      : `it answered ${status}${said === '' ? '' : `: ${said}`}`;
  return {
    ok: false,
    failure: { detail: detailOf(why), status, ...(status === GONE && { isFinal: true as const }) },
  };
}

async function beginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const piece = Buffer.from(chunk as Uint8Array); // without an encoding a stream gives bytes
    chunks.push(piece);
    bytes += piece.length;
    if (bytes >= WEBHOOK_ANSWER_BYTES_MAX) break; // leaving the loop destroys the stream
  }
  return Buffer.concat(chunks).subarray(0, WEBHOOK_ANSWER_BYTES_MAX).toString();
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error); // an abort's reason is thrown as it is
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'it did not answer in time';
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? `${error.message} (${String(error.code)})` : error.message;
}

function failed(detail: string): Carried {
  return { ok: false, failure: { detail: detailOf(detail) } };
}

/** It is shown in terminals and mails. */
function detailOf(text: string): string {
  return text.replace(/[\p{Cc}]+/gu, ' ').slice(0, DETAIL_CHARACTERS_MAX);
}
