// The form of an API key: `sk-tp-`, 34 random characters, and 6 that check them. The checksum tells a mistyped or
// truncated key from an unknown one without a look-up, and lets secret scanners recognise real keys. An admin key, which
// reads usage and costs and cannot generate, begins with `sk-tp-admin-`, so that nobody takes one for the other.

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIXES = { api: 'sk-tp-', admin: 'sk-tp-admin-' } as const;

export type KeyKind = keyof typeof PREFIXES;

const RANDOM_CHARACTERS = 34; // 62^34 ≈ 2^202
const CHECK_CHARACTERS = 6; // 62^6 > 2^32
const KEY = /^sk-tp-(?<admin>admin-)?[0-9A-Za-z]{40}$/;
const SHOWN_RANDOM_CHARACTERS = 6;

/** Random bytes that `formatKey` needs: more than the characters, because some are rejected to stay unbiased. */
export const KEY_RANDOM_BYTES = 64;

/** @throws RangeError when too few of `randomBytes` are usable, a chance below 1e-20 with KEY_RANDOM_BYTES. */
export function formatKey(randomBytes: Uint8Array, kind: KeyKind = 'api'): string {
  const prefix = PREFIXES[kind];
  const unbiased = 256 - (256 % ALPHABET.length);
  let body = '';
  for (const byte of randomBytes) {
    if (body.length === RANDOM_CHARACTERS) break;
    if (byte < unbiased) body += ALPHABET.charAt(byte % ALPHABET.length);
  }
  if (body.length < RANDOM_CHARACTERS) throw new RangeError('too few random bytes for a key');
  return prefix + body + checksumOf(prefix + body);
}

/** Undefined for what was mistyped, cut off or is no key at all. */
export function keyKind(text: string): KeyKind | undefined {
  const groups = KEY.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const isWhole = checksumOf(text.slice(0, -CHECK_CHARACTERS)) === text.slice(-CHECK_CHARACTERS);
  if (!isWhole) return undefined;
  return groups['admin'] === undefined ? 'api' : 'admin';
}

/** What is stored and looked up. A key has 200 bits of entropy, so a slow hash would protect nothing. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'base64url');
}

/** Enough to recognise a key in a list, too little to use it. */
export function redactKey(key: string): string {
  const random = key.lastIndexOf('-') + 1;
  return `${key.slice(0, random + SHOWN_RANDOM_CHARACTERS)}…${key.slice(-4)}`;
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
