// Sends the events of an answer in the background to whoever asks for them: first what there is, then what comes, until
// it ends. The follower can leave and come back; the answer does not depend on it.

import type { Owner } from '../domain/stored/answer.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { BACKGROUND_EVENTS_AT_ONCE, FOLLOW_POLL_MS } from '../limits.ts';
import type { Events } from '../ports/run-store.ts';
import type { Gateway } from './gateway.ts';
import { STORAGE_UNAVAILABLE } from './memory.ts';
import type { Headers, Sink } from './sink.ts';
import { SERVER_STOPPING } from './stopping.ts';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

type Followed = { readonly id: string; readonly after: number };

/** A refusal where nothing has been sent yet. */
export async function follow(
  gateway: Gateway,
  owner: Owner,
  { id, after }: Followed,
  headers: Headers,
  sink: Sink,
): Promise<Refusal | undefined> {
  const unfit = await whyNot(gateway, owner, id);
  if (unfit !== undefined) return unfit;
  sink.begin(() => ({ ...headers, 'content-type': EVENT_STREAM }), ': ping\n\n');
  for (let next = after + 1; !sink.signal.aborted;) {
    const news = gateway.background.find(id)?.news;
    const read = await eventsFrom(gateway, owner, id, next);
    if (!read.ok) return leave(sink, read.error);
    const { events, ended } = read.value;
    next += events.length;
    const slowClient = events.length > 0 ? sink.write(events.join('')) : undefined;
    if (slowClient !== undefined) await slowClient;
    if (ended) {
      sink.end('data: [DONE]\n\n');
      return undefined;
    }
    if (events.length === 0) await pause(news, sink.signal);
  }
  if (sink.signal.reason === SERVER_STOPPING) sink.end('');
  else sink.destroy();
  return undefined;
}

/** What can't be read any more is cut off: the client comes back and asks for the rest. */
function leave(sink: Sink, refusal: Refusal): Refusal | undefined {
  if (!sink.opened) return refusal;
  sink.destroy();
  return undefined;
}

async function whyNot(gateway: Gateway, owner: Owner, id: string): Promise<Refusal | undefined> {
  const asked = await gateway.responses.answers.find(owner, 'response', id);
  if (!asked.ok) return STORAGE_UNAVAILABLE;
  if (asked.value === undefined) return { kind: 'not-found', what: 'response', id };
  if (asked.value.background) return undefined;
  const message =
    "Only a response that was created with background: true can be streamed again; ask for it without 'stream'.";
  return { kind: 'invalid-request', field: 'stream', message };
}

/** From this process's memory while it runs the answer, else from the store. */
async function eventsFrom(
  gateway: Gateway,
  owner: Owner,
  id: string,
  next: number,
): Promise<Result<Events, Refusal>> {
  const run = gateway.background.find(id);
  if (run !== undefined) return ok({ events: run.since(next), ended: false });
  const { runs } = gateway.responses;
  const read = await runs.events(owner, id, next - 1, BACKGROUND_EVENTS_AT_ONCE);
  if (!read.ok) return err(STORAGE_UNAVAILABLE);
  return read.value === undefined
    ? err({ kind: 'not-found', what: 'response', id })
    : ok(read.value);
}

/** Until there may be more, or the client is gone. */
async function pause(news: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, news === undefined ? FOLLOW_POLL_MS : FOLLOW_POLL_MS * 4);
  const stop = (): void => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await (news === undefined ? enough : Promise.race([news, enough]));
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
}
