// The form of an API key: `sk-tp-`, 34 random characters, and 6 that check them. The checksum tells a mistyped or
// truncated key from an unknown one without a look-up, and lets secret scanners recognise real keys.

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'sk-tp-';
const RANDOM_CHARACTERS = 34; // 62^34 ≈ 2^202
const CHECK_CHARACTERS = 6; // 62^6 > 2^32
const KEY = /^sk-tp-[0-9A-Za-z]{40}$/;
const SHOWN_CHARACTERS = PREFIX.length + 6;

/** Random bytes that `formatKey` needs: more than the characters, because some are rejected to stay unbiased. */
export const KEY_RANDOM_BYTES = 64;

/** @throws RangeError when too few of `randomBytes` are usable, a chance below 1e-20 with KEY_RANDOM_BYTES. */
export function formatKey(randomBytes: Uint8Array): string {
  const unbiased = 256 - (256 % ALPHABET.length);
  let body = '';
  for (const byte of randomBytes) {
    if (body.length === RANDOM_CHARACTERS) break;
    if (byte < unbiased) body += ALPHABET.charAt(byte % ALPHABET.length);
  }
  if (body.length < RANDOM_CHARACTERS) throw new RangeError('too few random bytes for a key');
  return PREFIX + body + checksumOf(PREFIX + body);
}

export function isWellFormedKey(text: string): boolean {
  if (!KEY.test(text)) return false;
  return checksumOf(text.slice(0, -CHECK_CHARACTERS)) === text.slice(-CHECK_CHARACTERS);
}

/** What is stored and looked up. A key has 200 bits of entropy, so a slow hash would protect nothing. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'base64url');
}

/** Enough to recognise a key in a list, too little to use it. */
export function redactKey(key: string): string {
  return `${key.slice(0, SHOWN_CHARACTERS)}…${key.slice(-4)}`;
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let check = '';
  for (let i = 0; i < CHECK_CHARACTERS; i++) {
    check = ALPHABET.charAt(rest % ALPHABET.length) + check;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return check;
}
