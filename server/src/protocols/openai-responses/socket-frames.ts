// Responses over a WebSocket: one frame is one JSON event. What a client sends in a frame is the body of a POST with an
// envelope around it; what it gets are the events of the stream, without server-sent events around them.
// Source: openai 7.55.0, ResponsesClientEvent; Open Responses, 2026-04-24.

import { z } from 'zod';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { firstIssue } from '../first-issue.ts';
import type { ProtocolHeaders, RefusalAnswer, SocketFrames, SocketRequest } from '../protocol.ts';

const LANE_CHARACTERS_MAX = 128;

const envelope = z.looseObject({
  type: z.literal('response.create'),
  stream_id: z.string().min(1).max(LANE_CHARACTERS_MAX).nullish(),
  generate: z.boolean().nullish(),
  background: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
});

export const responsesFrames: SocketFrames = {
  path: '/v1/responses',
  request: readRequest,
  events: eventsIn,
  refusal: errorFrame,
  // Every frame of ours begins with a brace and at least one field.
  withLane: (frame, lane) => `{"stream_id":${JSON.stringify(lane)},${frame.slice(1)}`,
  withHeaders: (event, headers) => `${event.slice(0, -1)},"headers":${framed(headers)}}`,
  // The type comes first in every event.
  isGood: (last) => GOOD.test(last),
};

function readRequest(frame: unknown): Result<SocketRequest, Refusal> {
  const parsed = envelope.safeParse(frame);
  if (!parsed.success) return err(unknownFrame(frame) ?? firstIssue(parsed.error.issues));
  const { type: _type, stream_id: lane, generate, background, ...fields } = parsed.data;
  if (background === true) {
    const feature = 'background responses over a WebSocket';
    return err({ kind: 'unsupported-feature', feature, field: 'background' });
  }
  const { previous_response_id: previousId } = fields;
  return ok({
    body: { ...fields, stream: true, ...(generate === false && { generate }) },
    generates: generate !== false,
    ...(lane != null && { lane }),
    ...(previousId != null && { previousId }),
  });
}

const SHOWN_CHARACTERS_MAX = 64;

function unknownFrame(frame: unknown): Refusal | undefined {
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) {
    const message = 'A frame must be a JSON object, such as {"type":"response.create", …}.';
    return { kind: 'invalid-request', message };
  }
  const type = 'type' in frame ? frame.type : undefined;
  if (type === 'response.create') return undefined;
  const shown = JSON.stringify(type)?.slice(0, SHOWN_CHARACTERS_MAX) ?? 'nothing';
  const message = `Invalid 'type': expected "response.create", received ${shown}.`;
  return { kind: 'invalid-request', field: 'type', message };
}

const GOOD = /^\{"type":"response\.(?:completed|incomplete)"/;
const DATA = '\ndata: ';

/** Our own encoder's text: no event holds a blank line, and what is no event (`[DONE]`, a heartbeat) has no name. */
function eventsIn(text: string): readonly string[] {
  const events: string[] = [];
  for (const event of text.split('\n\n')) {
    const at = event.indexOf(DATA);
    if (at === -1) continue;
    const frame = event.slice(at + DATA.length);
    const before = events.at(-1);
    if (before?.startsWith(ERROR) === true) events[events.length - 1] = inPlaceOf(before, frame);
    else events.push(frame);
  }
  return events;
}

const ERROR = '{"type":"error"';
const NUMBER = /"sequence_number":\d+/;

/**
 * An `error` event stands before the `response.failed` that ends a broken stream. A frame has room for one end only:
 * clients that send their next request at the first of the two (@openai/agents 0.20) would take the second for its answer.
 */
function inPlaceOf(error: string, failed: string): string {
  const [number = ''] = NUMBER.exec(error) ?? [];
  return failed.replace(NUMBER, number);
}

/** The headers that an answer over HTTP would have had: how long to wait, and the request's id. */
function errorFrame({ status, headers, body }: RefusalAnswer): string {
  const head = JSON.stringify({ type: 'error', status });
  return `${head.slice(0, -1)},"headers":${framed(headers)},${body.slice(1)}`;
}

/** Codex 0.169 reads a member of this name in errors and in events alike. */
function framed({ 'content-type': _type, ...headers }: ProtocolHeaders): string {
  return JSON.stringify(headers);
}
