// A request whose answer is made in the background: begun here, and from then on the server's.

import type { Refusal } from '../domain/refusal.ts';
import { withOutput } from '../domain/stored/answer.ts';
import { RETRY_AFTER_OVERLOADED_MS, STORED_BYTES_PROJECT_MAX } from '../limits.ts';
import { BackgroundRun } from './background-run.ts';
import { follow } from './follow.ts';
import type { Gateway } from './gateway.ts';
import type { Accepted } from './generate.ts';
import { STORAGE_UNAVAILABLE } from './memory.ts';
import type { Sink } from './sink.ts';
import { toldHeaders } from './told-headers.ts';

/** Answers once the run has begun: with the queued response, or with its events for as long as the client stays. */
export async function beginInBackground(
  gateway: Gateway,
  accepted: Accepted,
  sink: Sink,
): Promise<void> {
  const { protocol, requestId, caller, decoded, keeper } = accepted;
  const refuse = (refusal: Refusal): void => {
    const { status, headers, body } = protocol.refusal(refusal, requestId);
    sink.answer(status, headers, body);
  };
  if (gateway.background.isFull) {
    return refuse({ kind: 'overloaded', retryAfterMs: RETRY_AFTER_OVERLOADED_MS });
  }
  const run = await BackgroundRun.of(gateway, accepted);
  const queued = run.stored;
  const expiresAtMs = accepted.startedAtMs + gateway.retentionMs(caller.organisationId);
  const place = gateway.responses.runs.begin(caller, queued, expiresAtMs);
  const kept = await gateway.background.expect(run, place);
  if (!kept.ok) return refuse(STORAGE_UNAVAILABLE);
  if (kept.value === 'full') {
    return refuse({ kind: 'storage-full', bytesMax: STORED_BYTES_PROJECT_MAX });
  }
  gateway.background.own(run);
  const beginning = await run.beginning;
  if (beginning.kind === 'refused') {
    await gateway.responses.answers.remove(caller, queued.kind, queued.id);
    return sink.answer(beginning.status, beginning.headers, beginning.body);
  }
  if (decoded.generation.delivery === 'stream') {
    const refusal = await follow(gateway, caller, { id: run.id, after: -1 }, run.headers, sink);
    return refusal && refuse(refusal);
  }
  const headers = { ...protocol.headers(requestId), ...toldHeaders(keeper.ignored, []) };
  sink.answer(200, { 'content-type': 'application/json', ...headers }, withOutput(queued));
}
