// What is sealed opens again, for whom it was sealed, and for nobody else.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Sealer, type KeyRing, type SealingKey } from './sealer.ts';

const older: SealingKey = { id: 'older', secret: Buffer.alloc(32, 1) };
const newer: SealingKey = { id: 'newer', secret: Buffer.alloc(32, 2) };

function ringOf(current: SealingKey, ...others: readonly SealingKey[]): KeyRing {
  return { current, keys: new Map([current, ...others].map((key) => [key.id, key])) };
}

const ours = new Sealer(ringOf(older), 'org_1');
const anyText = fc.string({ unit: 'binary', maxLength: 200 });

describe('a sealed text', () => {
  it('opens as it was, also after the keys have changed', () => {
    const later = new Sealer(ringOf(newer, older), 'org_1');
    fc.assert(
      fc.property(anyText, (text) => {
        const sealed = ours.seal('reasoning', text);
        assert.match(sealed, /^tp1\.older\.[\w-]+$/);
        assert.equal(ours.open('reasoning', sealed), text);
        assert.equal(later.open('reasoning', sealed), text);
        assert.equal(ours.seal('reasoning', text), sealed, 'byte for byte the same');
      }),
    );
    assert.match(later.seal('reasoning', 'a'), /^tp1\.newer\./);
  });

  it('does not open for others, as something else, or when its key is gone', () => {
    const sealed = ours.seal('reasoning', 'secret');
    assert.equal(ours.open('compaction', sealed), undefined);
    assert.equal(new Sealer(ringOf(older), 'org_2').open('reasoning', sealed), undefined);
    assert.equal(new Sealer(ringOf(newer), 'org_1').open('reasoning', sealed), undefined);
    assert.ok(!Buffer.from(sealed, 'base64url').toString('latin1').includes('secret'));
  });

  it('does not open when anything in it is changed, cut or added', () => {
    const sealed = ours.seal('thinking', 'a text of some length');
    fc.assert(
      fc.property(
        fc.nat(sealed.length - 1),
        fc.constantFrom('A', '_', '.', ' ', ''),
        (at, other) => {
          const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
          if (changed !== sealed) assert.equal(ours.open('thinking', changed), undefined);
        },
      ),
    );
    fc.assert(fc.property(anyText, (text) => ours.open('thinking', text) === undefined));
    fc.assert(
      fc.property(
        fc.base64String(),
        (text) => ours.open('thinking', `tp1.older.${text}`) === undefined,
      ),
    );
  });
});
