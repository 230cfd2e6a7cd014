// The store of answers on a real PostgreSQL: its contract, and what is left there when something was deleted.

import { after, before } from 'node:test';
import { describeResponseStore } from '../../../ports/response-store.contract.ts';
import { mustOpen, startTestPostgres, type TestPostgres } from '../database.fixture.ts';

const BYTES_PROJECT_MAX = 100_000;

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

describeResponseStore('PostgresResponseStore', async () => {
  const store = await mustOpen(await postgres.newDatabase(), {
    bytesProjectMax: BYTES_PROJECT_MAX,
  });
  return {
    store: store.responses,
    bytesProjectMax: BYTES_PROJECT_MAX,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
});
