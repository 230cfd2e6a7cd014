// A crowd holds exactly those who came and have not gone, whatever the order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Crowd } from './crowd.ts';

test('a crowd is a set, for members that are in no other one', () => {
  const step = fc.record({ who: fc.nat(9), comes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const people = Array.from({ length: 10 }, (_, name) => ({ name, place: -1 }));
      const crowd = new Crowd<(typeof people)[number]>();
      const model = new Set<(typeof people)[number]>();
      for (const { who, comes } of steps) {
        const one = people[who];
        if (one === undefined) continue;
        if (!comes) crowd.remove(one);
        else if (!model.has(one)) crowd.add(one);
        if (comes) model.add(one);
        else model.delete(one);
        assert.deepEqual(new Set(crowd.members), model);
        assert.equal(crowd.size, model.size);
      }
    }),
  );
});
