// The model of the books against PostgreSQL: the same operations, right and wrong ones, one after the other; after each,
// both have answered the same and stand at the same. So what the simulation proves with the model holds with the SQL too.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  mustOpen,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../../server/src/store/postgres/database.fixture.ts';
import { planted } from '../../server/src/store/postgres/planted.fixture.ts';
import { Pair } from './books-pair.ts';
import { SQL_MISTAKES } from './sql-mistakes.ts';

const SEED = 7;
const STEPS = 800;

let postgres: TestPostgres;
/** Has the schema, and nothing in it. */
let schema: SocketConnection;
before(async () => {
  postgres = await startTestPostgres();
  schema = await postgres.newDatabase();
  await (await mustOpen(schema))[Symbol.asyncDispose]();
});
after(() => postgres[Symbol.asyncDispose]());

test('I1 I2 I3 I5 I8 I9 I11: PostgreSQL and the model of it answer the same to whatever is asked of them', async () => {
  await using pair = await Pair.open(await postgres.newDatabase(schema), SEED);
  await pair.run(STEPS);
  assert.ok(pair.recorded > 100, `only ${pair.recorded} records got through`);
});

describe('mistakes in the SQL are found', { concurrency: 2 }, () => {
  for (const mistake of SQL_MISTAKES) {
    test(mistake.name, async () => {
      const database = await postgres.newDatabase(schema);
      await using pair = await Pair.open(database, SEED, planted(mistake));
      await assert.rejects(pair.run(STEPS), assert.AssertionError);
    });
  }
});
