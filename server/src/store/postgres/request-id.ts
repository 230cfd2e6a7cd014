// Request ids outside are `req_` and 32 hexadecimal digits; inside PostgreSQL the digits are a uuid.

import { assert } from '../../lib/assert.ts';

const REQUEST_ID = /^req_[0-9a-f]{32}$/;

export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

export function uuidOf(requestId: string): string {
  assert(isRequestId(requestId), `"${requestId.slice(0, 64)}" is a request id`);
  return requestId.slice(4);
}

/** When it was admitted, by its gateway's clock: the first 48 bits of a UUID version 7. */
export function beganMs(requestId: string): number {
  return Number.parseInt(requestId.slice(4, 16), 16);
}
