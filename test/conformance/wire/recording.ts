// What the server says to one request, as it stands on the wire: a body, or the events of a stream.

import assert from 'node:assert/strict';

export type Question = {
  readonly name: string;
  readonly path: string;
  /** Absent: a GET. */
  readonly body?: object;
  readonly headers?: { readonly [name: string]: string };
};

export type WireEvent = {
  /** The `event:` line, where there is one. */
  readonly event: string | undefined;
  readonly data: string;
};

export type Recording = Question & {
  readonly status: number;
  readonly answerHeaders: Headers;
  /** The whole answer; undefined for a stream. */
  readonly whole: unknown;
  readonly events: readonly WireEvent[];
};

export async function record(origin: string, key: string, question: Question): Promise<Recording> {
  const { path, body, headers } = question;
  const response = await fetch(`${origin}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status, headers: answerHeaders } = response;
  const text = await response.text();
  if (answerHeaders.get('content-type')?.startsWith('text/event-stream') === true) {
    return { ...question, status, answerHeaders, whole: undefined, events: eventsOf(text) };
  }
  return { ...question, status, answerHeaders, whole: JSON.parse(text), events: [] };
}

function eventsOf(text: string): WireEvent[] {
  assert.ok(text.endsWith('\n\n'), 'a stream ends with a whole event');
  assert.ok(!text.includes('\r'), 'lines end with a bare newline: some parsers know no other end');
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const lines = block.split('\n');
      const field = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      assert.ok(data !== undefined, `an event without data: ${block}`);
      return { event: field('event'), data };
    });
}

/** The events' JSON, without the word that ends a stream. */
export function jsonOf({ events }: Recording): unknown[] {
  return events.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data));
}
