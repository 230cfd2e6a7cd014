// Identifiers. Requests get time-ordered UUIDs (version 7), so that their rows land next to each other in an index;
// everything else a random name with a prefix that says what it is.

import { randomBytes, randomFillSync } from 'node:crypto';

const POOL_BYTES = 16 * 256; // one system call for 256 ids
const pool = Buffer.allocUnsafe(POOL_BYTES);
let used = POOL_BYTES;

/** `req_` and the 32 hexadecimal digits of a UUID version 7 (RFC 9562 §5.7). */
export function newRequestId(nowMs: number): string {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += 16;
  pool.writeUIntBE(nowMs, at, 6);
  pool.writeUInt8((pool.readUInt8(at + 6) & 0x0f) | 0x70, at + 6);
  pool.writeUInt8((pool.readUInt8(at + 8) & 0x3f) | 0x80, at + 8);
  return `req_${pool.toString('hex', at, at + 16)}`;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32: nothing that looks like something else
const RANDOM_CHARACTERS = 16; // 80 bits

/** `key_8r1…`: the prefix, an underscore and 16 characters. */
export function newId(prefix: string): string {
  let id = `${prefix}_`;
  for (const byte of randomBytes(RANDOM_CHARACTERS)) id += ALPHABET.charAt(byte & 31);
  return id;
}
