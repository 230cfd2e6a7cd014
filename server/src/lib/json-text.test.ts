// Large JSON is read in slices and means what the language's own parser says it means; what is too deep or too manifold is
// refused in any size.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseJsonText } from './json-text.ts';

const BOUNDS = { depthMax: 512, valuesMax: 500_000, objectsMax: 40_000 };
/** However short it is. */
const IN_SLICES = 0;

async function read(text: string, atOnceBytesMax?: number): Promise<unknown> {
  const result = await parseJsonText(Buffer.from(text), BOUNDS, atOnceBytesMax);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

async function problem(text: string | Buffer, atOnceBytesMax?: number): Promise<string> {
  const result = await parseJsonText(Buffer.from(text), BOUNDS, atOnceBytesMax);
  assert.ok(!result.ok);
  return result.error;
}

/** How often the event loop turned while it read, and how long it stood still at most. */
async function watched<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  let turns = 0;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  const value = await work();
  clearImmediate(next);
  return [value, turns];
}

describe('JSON from a client', () => {
  it('means the same in slices as in one piece', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 6 }), fc.nat(3), async (text, spaces) => {
        const wide = JSON.stringify(JSON.parse(text), undefined, spaces);
        assert.deepEqual(await read(wide, IN_SLICES), JSON.parse(text));
      }),
      { numRuns: 300 },
    );
    const odd = '{"__proto__":{"a":1},"a":1,"a":[2],"":{},"\\u0061\\ud83d\\ude00":-1.5E+3}';
    const value = await read(odd, IN_SLICES);
    assert.deepEqual(value, JSON.parse(odd));
    assert.ok(Object.hasOwn(Object(value), '__proto__'));
  });

  it('is wrong in slices where it is wrong in one piece', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.json(),
        fc.nat(),
        fc.constantFrom(...'{ } [ ] , : " \\ u e - 0 . t'.split(' ')),
        async (text, at, other) => {
          const where = at % (text.length + 1);
          const broken = text.slice(0, where) + other + text.slice(where + 1);
          const [whole, sliced] = await Promise.all([
            parseJsonText(Buffer.from(broken), BOUNDS),
            parseJsonText(Buffer.from(broken), BOUNDS, IN_SLICES),
          ]);
          assert.equal(sliced.ok, whole.ok, broken);
          if (sliced.ok) assert.deepEqual(sliced, whole);
        },
      ),
      { numRuns: 1_000 },
    );
    for (const wrong of ['', '{', '[1,]', '{"a":1,}', '"a', '01', '1 2', '"\n"', 'nul', '[1}']) {
      assert.match(await problem(wrong, IN_SLICES), /^Unexpected/);
    }
    assert.equal(await problem(Buffer.from([0xff]), IN_SLICES), 'it is not valid UTF-8');
  });

  it('may have long texts of any kind, cut nowhere', async () => {
    for (const unit of ['a', 'ü', '🙂', '\n', '"', '\\', 'a\u0001b', '\ud83d', 'x\\"y🙂']) {
      const text = unit.repeat(400_000 / unit.length);
      assert.equal(
        await read(JSON.stringify([text])).then((list) => (Array.isArray(list) ? list[0] : '')),
        text,
      );
    }
  });

  it('is refused when it is too deep or too manifold, at any size, before anything walks it', async () => {
    for (const padding of ['', ' '.repeat(300_000)]) {
      const nested = (levels: number) => padding + '['.repeat(levels) + ']'.repeat(levels);
      assert.ok(Array.isArray(await read(nested(BOUNDS.depthMax))));
      assert.match(await problem(nested(BOUNDS.depthMax + 1)), /deeper than 512/);
      assert.match(await problem(padding + '{"a":'.repeat(BOUNDS.depthMax + 1)), /deeper than 512/);
    }
    assert.match(await problem(`[${'{},'.repeat(BOUNDS.objectsMax)}{}]`), /objects/);
    assert.match(await problem(`[${'{}      , '.repeat(BOUNDS.objectsMax)}{}]`), /objects/);
    assert.match(await problem(`[${'1,'.repeat(BOUNDS.valuesMax)}1]`), /values/);
    assert.match(await problem('['.repeat(20_000_000)), /deeper/);
  });

  it('of 30 MB is read in many turns of the event loop', async () => {
    const size = 30 * 1024 * 1024;
    const bodies = [
      `{"image":"${'QUJD'.repeat(size / 4)}"}`,
      `{"code":"${'\\"\\n'.repeat(size / 4)}"}`,
      JSON.stringify(
        Array.from({ length: 30_000 }, () => ({ type: 'text', text: 'word '.repeat(200) })),
      ),
    ];
    for (const body of bodies) {
      const [, turns] = await watched(() => read(body));
      assert.ok(turns > 50, `${turns} turns`);
    }
  });
});
