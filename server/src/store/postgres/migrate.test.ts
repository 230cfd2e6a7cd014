// The schema: made once, by one process at a time, and never by an older program over a newer one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { connectTo, mustOpen, startTestPostgres, type TestPostgres } from './database.fixture.ts';
import { migrate, migrationsOfThisProgram } from './migrate.ts';
import { openStore, type StoreConnection, type StoreFailure } from './store.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

async function failureOf(connection: StoreConnection): Promise<StoreFailure> {
  const opened = await openStore({
    connection,
    gatewayId: 'gateway-test',
    settlement: 'direct',
    logDirectory: '/nowhere',
    onProblem: () => {},
  });
  if (!opened.ok) return opened.error;
  await opened.value[Symbol.asyncDispose]();
  return assert.fail('it opened');
}

test('processes that start together make the schema once; a second start changes nothing', async () => {
  const connection = await postgres.newDatabase();
  const clients = await Promise.all([1, 2, 3].map(() => connectTo(connection)));
  const results = await Promise.all(clients.map((client) => migrate(client, 'here')));
  const applied = results.flatMap((result) =>
    result.ok ? result.value : assert.fail(result.error.message),
  );
  assert.deepEqual(
    applied,
    migrationsOfThisProgram().map(({ name }) => name),
  );
  await Promise.all(clients.map((client) => client.end()));
});

test('a migration that fails leaves nothing of itself, and the next attempt goes on from there', async () => {
  await using client = await connectTo(await postgres.newDatabase());
  const first = { name: '0001-a.sql', sql: 'CREATE TABLE a ()' };
  const broken = { name: '0002-b.sql', sql: 'CREATE TABLE b (); SELECT 1 / 0' };
  const result = await migrate(client, 'here', [first, broken], []);
  assert.ok(!result.ok);
  assert.equal(result.error.kind, 'migration-failed');
  assert.match(
    result.error.message,
    /0002-b\.sql failed with "division by zero"; nothing of it was kept/,
  );
  const again = await migrate(client, 'here', [first, { ...broken, sql: 'CREATE TABLE b ()' }], []);
  assert.deepEqual(again, { ok: true, value: ['0002-b.sql'] });
});

test('functions are replaced when they change, with their types, whatever their parameters were', async () => {
  await using client = await connectTo(await postgres.newDatabase());
  const type = { name: '1.sql', sql: 'CREATE TYPE pair AS (a int, b int);' };
  const sum = 'CREATE FUNCTION total(p pair) RETURNS int LANGUAGE sql AS $$ SELECT p.a + p.b $$;';
  const gone = 'CREATE FUNCTION gone() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;';
  const first = [type, { name: '2.sql', sql: `${sum}\n${gone}` }];
  assert.ok((await migrate(client, 'here', [], first)).ok);
  await client.query("SELECT total('(1,2)')");
  await client.query('CREATE VIEW in_use AS SELECT gone()');
  assert.ok((await migrate(client, 'here', [], first)).ok, 'unchanged: nothing is dropped');

  const second = [
    { name: '1.sql', sql: 'CREATE TYPE pair AS (a int, b int, c int);' },
    { name: '2.sql', sql: sum.replace('p.b', 'p.b + p.c') },
  ];
  const refused = await migrate(client, 'here', [], second);
  assert.match(refused.ok ? '' : refused.error.message, /functions failed with .*depend/);
  await client.query('DROP VIEW in_use');
  assert.ok((await migrate(client, 'here', [], second)).ok);
  const { rows } = await client.query(
    "SELECT total('(1,2,3)') AS total, to_regproc('gone') AS gone",
  );
  assert.deepEqual(rows, [{ total: 6, gone: null }]);
});

test('a schema newer than the program is refused, and so is one that was made with other files', async () => {
  const connection = await postgres.newDatabase();
  await (await mustOpen(connection))[Symbol.asyncDispose]();
  await using client = await connectTo(connection);
  await client.query(
    `INSERT INTO schema_migration (name, checksum) VALUES ('0999-later.sql', 'x')`,
  );
  const newer = await failureOf(connection);
  assert.equal(newer.kind, 'schema-too-new');
  assert.match(newer.message, /newer Turnpike \(it has 0999-later\.sql\)/);
  await client.query(`DELETE FROM schema_migration WHERE name LIKE '0999%'`);
  await client.query(`UPDATE schema_migration SET checksum = 'x' WHERE name LIKE '0001%'`);
  assert.equal((await failureOf(connection)).kind, 'schema-changed');
});

test('a PostgreSQL older than 15 is refused', async () => {
  await using client = await connectTo(await postgres.newDatabase());
  // What an old server says of itself, in front of what this one says.
  await client.query(`
    CREATE SCHEMA old;
    CREATE FUNCTION old.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '140012' $$;
    SET search_path = old, pg_catalog, public`);
  const result = await migrate(client, 'db.example:5432/books');
  assert.ok(!result.ok);
  assert.equal(
    result.error.message,
    'PostgreSQL at db.example:5432/books has version 14; Turnpike needs 15 or newer.',
  );
});

test('what can not be reached or entered says where, what to do, and never the password', async () => {
  const { host, port } = postgres.postgres.connection;
  const socket = `${encodeURIComponent(host)}:${port}`;
  await using admin = await connectTo({ ...(await postgres.newDatabase()) });
  await admin.query(`CREATE ROLE visitor LOGIN PASSWORD 'hunter2'`);
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  assert.ok(typeof address === 'object' && address !== null);
  const cases: readonly (readonly [string, StoreFailure['kind'], RegExp])[] = [
    [
      'postgres://u:hunter2@127.0.0.1:1/books',
      'unreachable',
      /127\.0\.0\.1:1\/books.*nothing listens there/,
    ],
    [`postgres://u:hunter2@127.0.0.1:${address.port}/b`, 'unreachable', /it does not answer/],
    [
      'postgres://u:hunter2@no-such-host.invalid/books',
      'unreachable',
      /no-such-host\.invalid:5432\/books/,
    ],
    [
      'mysql://u:hunter2@127.0.0.1/books',
      'invalid-url',
      /DATABASE_URL is not a PostgreSQL address/,
    ],
    ['u:hunter2@books', 'invalid-url', /postgres:\/\/user:password@host/],
    [
      `postgres://nobody-here:hunter2@${socket}/postgres`,
      'not-let-in',
      /refused the user name or password/,
    ],
    [`postgres://turnpike:hunter2@${socket}/nowhere`, 'no-database', /no such database/],
    [`postgres://visitor:hunter2@${socket}/postgres`, 'no-rights', /may not create tables/],
  ];
  for (const [url, kind, message] of cases) {
    const failure = await failureOf({ url });
    assert.equal(failure.kind, kind, `${url}: ${failure.message}`);
    assert.match(failure.message, message);
    assert.doesNotMatch(failure.message, /hunter2/);
  }
  silent.close();
});

test('a URL serves as well as a socket', async () => {
  const { host, port, user, database } = await postgres.newDatabase();
  const url = `postgres://${user}@${encodeURIComponent(host)}:${port}/${database}`;
  await using store = await mustOpen({ url });
  assert.equal(await store.ping(), true);
});
