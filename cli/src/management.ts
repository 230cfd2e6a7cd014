// Talks to the server's management API, and turns whatever goes wrong into one sentence that says what to do.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import {
  managementClient,
  type Called,
  type ManagementClient,
  type WireReply,
  type WireRequest,
} from '@turnpike/contract/client.ts';
import {
  downloadPath,
  type DownloadInput,
  type DownloadName,
} from '@turnpike/contract/downloads.ts';
import { errorEnvelope } from '@turnpike/contract/errors.ts';
import type { RouteInput, RouteName, RouteOutput } from '@turnpike/contract/routes.ts';

import { done, EXIT, failed, type Outcome } from './outcome.ts';
import type { Surroundings } from './surroundings.ts';

/** Longer than the longest that the server takes itself: a piece of a simulation of prices, or a reconciliation. */
const TIMEOUT_MS = 75_000;

export type Management = {
  ask<N extends RouteName>(name: N, input: RouteInput<N>): Promise<Outcome<RouteOutput<N>>>;
  /** Writes it where it is to go, as it comes. */
  download<N extends DownloadName>(
    name: N,
    input: DownloadInput<N>,
    into: Writable,
  ): Promise<Outcome<undefined>>;
};

/** Without a token there is nothing to ask with; without a server the token would not help. */
export async function connect(surroundings: Surroundings): Promise<Outcome<Management>> {
  const token = await adminToken(surroundings);
  if (token === undefined) {
    if (!(await answers(surroundings.url))) return unreachable(surroundings.url);
    return failed('no-admin-token', missingToken(surroundings));
  }
  const client = managementClient((request) => send(surroundings.url, token, request));
  return done(managementOver(client, surroundings.url, token));
}

export async function adminToken(surroundings: Surroundings): Promise<string | undefined> {
  if (surroundings.adminToken !== undefined) return surroundings.adminToken;
  try {
    const text = await readFile(join(surroundings.dataDirectory, 'admin-token'), 'utf8');
    return text.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Any HTTP answer at all. */
async function answers(url: string): Promise<boolean> {
  const reply = await send(url, '', { method: 'GET', path: '/healthz' });
  return reply.kind === 'reply';
}

export async function send(url: string, token: string, request: WireRequest): Promise<WireReply> {
  const { method, path, body } = request;
  try {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      // A redirect would carry the token to wherever it points.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { kind: 'reply', status: response.status, text: await response.text() };
  } catch (error) {
    return { kind: 'unreachable', detail: reasonOf(error) };
  }
}

function managementOver(client: ManagementClient, url: string, token: string): Management {
  return {
    async ask<N extends RouteName>(name: N, input: RouteInput<N>) {
      return outcomeOf(await client.call(name, input), url);
    },
    download: (name, input, into) => download(url, token, downloadPath(name, input), into),
  };
}

/** However long it takes: a month of usage is some hundred megabytes. */
async function download(
  url: string,
  token: string,
  path: string,
  into: Writable,
): Promise<Outcome<undefined>> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(url + path, { headers, redirect: 'error' });
    if (!response.ok || response.body === null) return refusedDownload(await response.text());
    await pipeline(Readable.fromWeb(response.body), into);
    return done(undefined);
  } catch (error) {
    return failed('download-failed', `The download did not come to its end: ${reasonOf(error)}.`);
  }
}

function refusedDownload(text: string): Outcome<undefined> {
  try {
    const parsed = errorEnvelope.safeParse(JSON.parse(text));
    if (parsed.success) return failed(parsed.data.error.code, parsed.data.error.message);
  } catch {
    // What is no JSON is no answer of ours.
  }
  return failed(
    'not-understood',
    'What answers there is not the management API: check TURNPIKE_URL.',
  );
}

function outcomeOf<T>(called: Called<T>, url: string): Outcome<T> {
  switch (called.kind) {
    case 'done':
      return done(called.value);
    case 'refused':
      return failed(called.code, called.message);
    case 'unreachable':
      return unreachable(url, called.detail);
    case 'not-understood':
      return failed(
        'not-understood',
        `What answers at ${url} (HTTP ${called.status}) is not the management API of this version of Turnpike: check TURNPIKE_URL, or restart the server from this clone.`,
      );
  }
}

export function unreachable<T>(url: string, detail?: string): Outcome<T> {
  const why = detail === undefined ? '' : ` (${detail})`;
  const message = `No server answers at ${url}${why}: start it with "npm start", or say where it is with TURNPIKE_URL.`;
  return failed('unreachable', message, EXIT.unreachable);
}

function missingToken({ dataDirectory }: Surroundings): string {
  return `The admin token is missing: set TURNPIKE_ADMIN_TOKEN, or set TURNPIKE_DATA to the server's data directory (there is no admin-token in ${dataDirectory} that this user can read).`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : error.message;
}
