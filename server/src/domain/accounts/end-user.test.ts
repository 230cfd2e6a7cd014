// End users as their customers name them: bounded, told apart, never a reason to refuse.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { END_USER_CHARACTERS_MAX } from '../../limits.ts';
import { endUserOf } from './end-user.ts';

describe('an end user', () => {
  it('is kept as it was named, where that can be kept', () => {
    assert.equal(endUserOf('customer-17'), 'customer-17');
    assert.equal(
      endUserOf('x'.repeat(END_USER_CHARACTERS_MAX)),
      'x'.repeat(END_USER_CHARACTERS_MAX),
    );
    for (const none of ['', null, undefined]) assert.equal(endUserOf(none), undefined);
  });

  it('is its hash where the name is too long or not fit to be shown, so that no two become one', () => {
    const long = 'x'.repeat(END_USER_CHARACTERS_MAX);
    const names = [`${long}a`, `${long}b`, 'a\u0000b', 'a\nb', '\ud800'];
    const kept = names.map((name) => endUserOf(name) ?? '');
    assert.equal(new Set(kept).size, names.length);
    for (const name of kept) assert.match(name, /^sha256:[0-9a-f]{64}$/);
  });

  it('is always short, valid text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), (name) => {
        const kept = endUserOf(name) ?? '';
        assert.ok(kept.length <= END_USER_CHARACTERS_MAX && kept.isWellFormed());
      }),
    );
  });
});
