// Customers for tests: many at once, plain and streaming, patient and not. Each tells what it saw, to the last byte.

import type { Turnpike } from './turnpike.ts';

export type Seen =
  /** The whole answer: everything that it saw must be in the ledger, once. */
  | { readonly kind: 'answered'; readonly requestId: string; readonly costUsd: string | undefined }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string | null }
  /** An error inside the stream. */
  | { readonly kind: 'broken-off'; readonly requestId: string }
  | { readonly kind: 'left' }
  /** The connection ended before the answer did. */
  | { readonly kind: 'cut' };

export type Visit = {
  readonly key: string;
  readonly body: { readonly stream: boolean; readonly [field: string]: unknown };
  /** Hangs up after that many milliseconds. */
  readonly leaveAfterMs?: number;
};

export async function visit(turnpike: Turnpike, { key, body, leaveAfterMs }: Visit): Promise<Seen> {
  const patience = new AbortController();
  const timer =
    leaveAfterMs === undefined ? undefined : setTimeout(() => patience.abort(), leaveAfterMs);
  try {
    const response = await turnpike.chat(body, { key, signal: patience.signal });
    const text = await response.text();
    return seen(response, text, body.stream);
  } catch {
    return patience.signal.aborted ? { kind: 'left' } : { kind: 'cut' };
  } finally {
    clearTimeout(timer);
  }
}

function seen(response: Response, text: string, stream: boolean): Seen {
  if (response.status !== 200) {
    // The protocol's envelope; whether refusals keep to it is the matter of bad-input.test.ts.
    const { error } = JSON.parse(text) as { error: { code: string | null } };
    return { kind: 'refused', status: response.status, code: error.code };
  }
  const requestId = response.headers.get('x-request-id') ?? '';
  if (stream && !text.endsWith('data: [DONE]\n\n')) return { kind: 'broken-off', requestId };
  const costUsd = response.headers.get('turnpike-cost-usd') ?? undefined;
  return { kind: 'answered', requestId, costUsd };
}

/** Keeps `width` visits going until `next` has no more; what all of them saw. */
export async function crowd(width: number, next: () => Promise<Seen> | undefined): Promise<Seen[]> {
  const all: Seen[] = [];
  const one = async (): Promise<void> => {
    for (let visiting = next(); visiting !== undefined; visiting = next()) all.push(await visiting);
  };
  await Promise.all(Array.from({ length: width }, one));
  return all;
}
