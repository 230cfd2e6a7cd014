// Sealing keys on a real PostgreSQL: every gateway has the same, they change without a gap, and old ones go.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Pool } from 'pg';
import { Sealer } from '../../domain/sealing/sealer.ts';
import { SEALING_KEYS_MAX } from '../../limits.ts';
import { mustOpen, poolTo, startTestPostgres, type TestPostgres } from './database.fixture.ts';
import { readKeys } from './sealing-keys.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

/** As if so much time had passed. */
async function age(pool: Pool, days: number): Promise<void> {
  await pool.query(
    `UPDATE sealing_key SET created_at = created_at - $1 * interval '1 day',
                            active_at = active_at - $1 * interval '1 day'`,
    [days],
  );
}

describe('sealing keys in PostgreSQL', () => {
  it('are the same for every gateway, change before they are used, and open what older ones sealed', async () => {
    const connection = await postgres.newDatabase();
    await using store = await mustOpen(connection);
    await using scope = new AsyncDisposableStack();
    const own = scope.adopt(poolTo(connection), (pool) => pool.end());
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => readKeys(own)));
    assert.ok(
      first !== undefined && others.every(({ current }) => current.id === first.current.id),
    );
    assert.equal(store.sealing.ring().current.id, first.current.id);
    const sealed = new Sealer(store.sealing.ring(), 'org_1').seal('reasoning', 'as it was');

    await age(own, 31);
    const soon = await readKeys(own);
    assert.equal(soon.current.id, first.current.id, 'the new key is read before it seals');
    assert.equal(soon.keys.size, 2);
    await age(own, 1);
    const changed = await readKeys(own);
    assert.notEqual(changed.current.id, first.current.id);
    assert.equal(new Sealer(changed, 'org_1').open('reasoning', sealed), 'as it was');

    for (let month = 0; month < SEALING_KEYS_MAX; month++) {
      await age(own, 31);
      await readKeys(own);
    }
    const last = await readKeys(own);
    assert.equal(last.keys.size, SEALING_KEYS_MAX);
    assert.equal(new Sealer(last, 'org_1').open('reasoning', sealed), undefined);
  });
});
