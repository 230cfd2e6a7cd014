// The request bytes that the generator sends, built once per plan.

import type { Target } from './plan.ts';

/** Padding that makes a request about 1 KB: the size at which other gateways publish their figures. */
const SYSTEM =
  'You are the keeper of a toll road. Answer travellers briefly, in plain words, and name the price of a passage when they ask for it. '.repeat(
    5,
  );
const QUESTION =
  'What does it cost to pass the gate with two horses and a cart, and may I pay when I come back?';

/** A plain request, or a streamed one with usage. */
export function requestBytes(target: Target, stream: boolean): Buffer {
  const body = JSON.stringify(bodyOf(target, stream));
  const headers = Object.entries(target.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${target.path} HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\ncontent-type: application/json\r\naccept: */*\r\n${headers.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    'latin1',
  );
}

/** The same question in the words of each protocol. */
function bodyOf({ model, dialect = 'openai-chat' }: Target, stream: boolean): object {
  const user = { role: 'user', content: QUESTION };
  const sampling = { temperature: 0.7, ...(stream && { stream }) };
  switch (dialect) {
    case 'openai-chat': {
      const messages = [{ role: 'system', content: SYSTEM }, user];
      const options = stream ? { stream_options: { include_usage: true } } : {};
      return { model, messages, max_tokens: 4096, ...sampling, ...options };
    }
    case 'openai-responses':
      return {
        model,
        instructions: SYSTEM,
        input: [user],
        max_output_tokens: 4096,
        store: false,
        ...sampling,
      };
    case 'anthropic-messages':
      return { model, system: SYSTEM, messages: [user], max_tokens: 4096, ...sampling };
  }
}

/** The same request as head, half of the body, and the rest. */
export function requestPieces(whole: Buffer): readonly Buffer[] {
  const head = whole.indexOf('\r\n\r\n') + 4;
  const middle = head + Math.floor((whole.length - head) / 2);
  return [whole.subarray(0, head), whole.subarray(head, middle), whole.subarray(middle)];
}
