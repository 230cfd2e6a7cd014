// What is written in slices is what the language writes at once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { joined, jsonByteLength, jsonBytes, jsonSlices, jsonText } from './json-slices.ts';

describe('JSON in slices', () => {
  it('is the same as at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
        assert.equal(await jsonText(value), JSON.stringify(value));
      }),
      { numRuns: 300 },
    );
    const odd = { a: undefined, b: [undefined, null, {}, []], '"': '\ud83d', __proto__: null };
    assert.equal(await jsonText(odd), JSON.stringify(odd));
  });

  it('cuts long texts nowhere', async () => {
    for (const unit of ['a', 'ü', '🙂', 'a🙂', '\n', '\ud83d', 'x\\"y🙂']) {
      const value = { text: unit.repeat(400_000 / unit.length), after: [1] };
      const json = JSON.stringify(value);
      assert.equal(await jsonText(value), json);
      assert.equal(await jsonByteLength(value), Buffer.byteLength(json));
      assert.ok((await jsonBytes(value)).equals(Buffer.from(json)));
    }
  });

  it('comes in slices that are small', () => {
    const many = Array.from({ length: 100_000 }, (_, at) => ({ at }));
    for (const value of ['x'.repeat(10_000_000), many]) {
      const slices = [...jsonSlices(value)];
      assert.equal(slices.join(''), JSON.stringify(value));
      assert.ok(Math.max(...slices.map(({ length }) => length)) < 300_000);
    }
  });

  it('joins what came in pieces', async () => {
    const pieces = Array.from({ length: 100 }, (_, at) => Buffer.alloc(60_000 + at, at));
    assert.ok((await joined(pieces)).equals(Buffer.concat(pieces)));
    assert.equal((await joined([])).length, 0);
  });
});
