// The upstream's replies that are not streams, built once.

import { BENCH_MODEL } from '../wire/token-frame.ts';
import { usageJson } from './generation.ts';

const PLAIN_TOKENS = 24;
const PLAIN_TEXT =
  'The gate turns once for each traveller who has paid, and stays shut for all others until they have. It counts, and it forgets no one.';

const PLAIN_BODY = `{"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"${BENCH_MODEL}","choices":[{"index":0,"message":{"role":"assistant","content":"${PLAIN_TEXT}","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":${usageJson(PLAIN_TOKENS)}}`;

/** A whole chat completion of about 0.45 KB, in one write. */
export const PLAIN_REPLY = Buffer.from(reply('200 OK', PLAIN_BODY), 'latin1');

/** The same in three pieces, each of which its sender writes on its own. */
export const PLAIN_REPLY_PIECES: readonly Buffer[] = pieces(PLAIN_REPLY);

export const MODELS_REPLY = Buffer.from(
  reply(
    '200 OK',
    `{"object":"list","data":[{"id":"${BENCH_MODEL}","object":"model","created":1760000000,"owned_by":"bench"}]}`,
  ),
  'latin1',
);

/** A JSON reply with its length. */
export function reply(status: string, json: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;
}

/** An error in OpenAI's envelope. */
export function errorReply(status: string, message: string): string {
  return reply(
    status,
    JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } }),
  );
}

function pieces(whole: Buffer): Buffer[] {
  const head = whole.indexOf('\r\n\r\n') + 4;
  const middle = head + Math.floor((whole.length - head) / 2);
  return [whole.subarray(0, head), whole.subarray(head, middle), whole.subarray(middle)];
}
