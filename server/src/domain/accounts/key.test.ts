// Keys: their form, their checksum, and what may be shown of them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatKey, hashKey, keyKind, KEY_RANDOM_BYTES, redactKey } from './key.ts';

const anyBytes = fc.uint8Array({ minLength: KEY_RANDOM_BYTES, maxLength: KEY_RANDOM_BYTES });

describe('a key', () => {
  it('is well-formed as made, and not when any character is changed, missing or added', () => {
    fc.assert(
      fc.property(
        anyBytes,
        fc.nat(),
        fc.constantFrom('0', 'z', '-', ' '),
        fc.constantFrom('api' as const, 'admin' as const),
        (bytes, where, other, kind) => {
          let key = '';
          try {
            key = formatKey(bytes, kind);
          } catch {
            return; // too many bytes were rejected; with random bytes that never happens
          }
          assert.equal(keyKind(key), kind);
          const at = where % key.length;
          const changed = key.slice(0, at) + other + key.slice(at + 1);
          assert.equal(keyKind(changed), changed === key ? kind : undefined);
          assert.equal(keyKind(key.slice(0, at) + key.slice(at + 1)), undefined);
          assert.equal(keyKind(key + other), undefined);
        },
      ),
    );
  });

  it('shows too little of itself to be used, and its hash says nothing of it', () => {
    const key = formatKey(Uint8Array.from({ length: KEY_RANDOM_BYTES }, (_, index) => index * 3));
    assert.match(redactKey(key), /^sk-tp-\w{6}…\w{4}$/);
    const admin = formatKey(new Uint8Array(KEY_RANDOM_BYTES), 'admin');
    assert.match(redactKey(admin), /^sk-tp-admin-\w{6}…\w{4}$/);
    assert.match(hashKey(key), /^[\w-]{43}$/);
    assert.ok(!hashKey(key).includes(key.slice(6, 12)));
  });

  it('is never made of too few random bytes', () => {
    assert.throws(() => formatKey(new Uint8Array(8)), RangeError);
  });
});
