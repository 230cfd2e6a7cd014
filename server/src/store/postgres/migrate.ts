// Brings a database to the schema of this program: forward only, one transaction a file, one process at a time.
// The same for the embedded PostgreSQL and for DATABASE_URL.
//
// Tables come from numbered migrations, which never change again. The ledger's functions come from functions/, all of them
// anew whenever any of them has changed: they hold no data, so nobody needs a migration that repeats them for one line.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import type pg from 'pg';
import { type Result, err, ok } from '../../lib/result.ts';
import { type StoreFailure, codeOf, connectFailure } from './connection.ts';

export type Migration = { readonly name: string; readonly sql: string };

const SERVER_VERSION_LEAST = 15;
/** The key of the advisory lock: "turnpike" as bytes, so that no other program is likely to use it. */
const LOCK = 0x7475726e70696b65n;
/** Another process that migrates at the same time gets this long before we give up. */
const LOCK_TIMEOUT_MS = 60_000;

export function migrationsOfThisProgram(): readonly Migration[] {
  return sqlFilesIn('./migrations/');
}

function functionsOfThisProgram(): readonly Migration[] {
  return sqlFilesIn('./functions/');
}

function sqlFilesIn(folder: string): readonly Migration[] {
  const directory = new URL(folder, import.meta.url);
  return readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => ({ name, sql: readFileSync(new URL(name, directory), 'utf8') }));
}

/** Returns the names of the migrations that it applied. */
export async function migrate(
  client: pg.Client,
  where: string,
  migrations: readonly Migration[] = migrationsOfThisProgram(),
  functions: readonly Migration[] = functionsOfThisProgram(),
): Promise<Result<readonly string[], StoreFailure>> {
  try {
    const version = await serverVersion(client);
    if (version < SERVER_VERSION_LEAST) {
      const message = `PostgreSQL at ${where} has version ${version}; Turnpike needs ${SERVER_VERSION_LEAST} or newer.`;
      return err({ kind: 'server-too-old', message });
    }
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    try {
      const applied = await applyMissing(client, where, migrations);
      if (!applied.ok) return applied;
      const failed = await replaceFunctions(client, where, functions);
      return failed === undefined ? applied : err(failed);
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
    }
  } catch (error) {
    if (codeOf(error) === '55P03') {
      const message = `Another process has been changing the schema at ${where} for too long; end it and start again.`;
      return err({ kind: 'migration-failed', message });
    }
    return err(connectFailure(error, where));
  }
}

async function applyMissing(
  client: pg.Client,
  where: string,
  migrations: readonly Migration[],
): Promise<Result<readonly string[], StoreFailure>> {
  const applied = await appliedMigrations(client);
  const refused = compare(applied, migrations, where);
  if (refused !== undefined) return err(refused);
  const missing = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of missing) {
    const failed = await apply(client, migration, where);
    if (failed !== undefined) return err(failed);
  }
  return ok(missing.map(({ name }) => name));
}

async function appliedMigrations(client: pg.Client): Promise<ReadonlyMap<string, string>> {
  // Asked for first: a user without the right to create tables may use a schema that is up to date.
  const exists = await client.query<{ yes: boolean }>(
    "SELECT to_regclass('schema_migration') IS NOT NULL AS yes",
  );
  if (exists.rows[0]?.yes !== true) {
    await client.query(`CREATE TABLE schema_migration (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  }
  const { rows } = await client.query('SELECT name, checksum FROM schema_migration');
  return new Map(rows.map(({ name, checksum }) => [String(name), String(checksum)]));
}

function compare(
  applied: ReadonlyMap<string, string>,
  migrations: readonly Migration[],
  where: string,
): StoreFailure | undefined {
  const known = new Map(migrations.map((migration) => [migration.name, checksumOf(migration)]));
  for (const [name, checksum] of applied) {
    const ours = known.get(name);
    if (ours === undefined) {
      const message = `The database at ${where} was written by a newer Turnpike (it has ${name}); start that version or a newer one.`;
      return { kind: 'schema-too-new', message };
    }
    if (ours !== checksum) {
      const message = `The database at ${where} was made with another ${name} than this program's; start the version that made it.`;
      return { kind: 'schema-changed', message };
    }
  }
  return undefined;
}

/** Functions and the types of their parameters: what they are called, as far as it can be seen in their source. */
const CREATED = /^CREATE (FUNCTION|TYPE) (\w+)/gm;

async function replaceFunctions(
  client: pg.Client,
  where: string,
  files: readonly Migration[],
): Promise<StoreFailure | undefined> {
  const sql = files.map((file) => file.sql).join('\n');
  const checksum = checksumOf({ name: 'functions', sql });
  const made = await functionsMade(client);
  if (made?.checksum === checksum) return undefined;
  const created = [...sql.matchAll(CREATED)].map(([, kind, name]) => `${kind} ${name}`);
  return inTransaction(client, where, 'functions', async () => {
    await client.query(`CREATE TABLE IF NOT EXISTS schema_functions (
      one boolean PRIMARY KEY DEFAULT true CHECK (one), checksum text NOT NULL, created text[] NOT NULL)`);
    await dropCreated(client, [...new Set([...(made?.created ?? []), ...created])]);
    await client.query(sql);
    await client.query(
      `INSERT INTO schema_functions (checksum, created) VALUES ($1, $2)
         ON CONFLICT (one) DO UPDATE SET checksum = excluded.checksum, created = excluded.created`,
      [checksum, created],
    );
  });
}

async function functionsMade(
  client: pg.Client,
): Promise<{ readonly checksum: string; readonly created: readonly string[] } | undefined> {
  const exists = await client.query<{ yes: boolean }>(
    "SELECT to_regclass('schema_functions') IS NOT NULL AS yes",
  );
  if (exists.rows[0]?.yes !== true) return undefined;
  const { rows } = await client.query<{ checksum: string; created: string[] }>(
    'SELECT checksum, created FROM schema_functions',
  );
  return rows[0];
}

/** By name, whatever their parameters are now; functions before the types that they take. */
async function dropCreated(client: pg.Client, created: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ signature: string }>(
    `SELECT oid::regprocedure::text AS signature FROM pg_proc
       WHERE 'FUNCTION ' || proname = ANY ($1) AND pronamespace = current_schema()::regnamespace`,
    [created],
  );
  for (const { signature } of rows) await client.query(`DROP FUNCTION ${signature}`);
  for (const what of created) {
    if (what.startsWith('TYPE ')) await client.query(`DROP TYPE IF EXISTS ${what.slice(5)}`);
  }
}

async function apply(
  client: pg.Client,
  migration: Migration,
  where: string,
): Promise<StoreFailure | undefined> {
  return inTransaction(client, where, migration.name, async () => {
    await client.query(migration.sql);
    await client.query('INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)', [
      migration.name,
      checksumOf(migration),
    ]);
  });
}

async function inTransaction(
  client: pg.Client,
  where: string,
  what: string,
  work: () => Promise<void>,
): Promise<StoreFailure | undefined> {
  try {
    await client.query('BEGIN');
    await work();
    await client.query('COMMIT');
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || code === '42501') return connectFailure(error, where);
    await client.query('ROLLBACK');
    const reason = error instanceof Error ? error.message : code;
    const message = `The schema at ${where} could not be brought up to date: ${what} failed with "${reason}"; nothing of it was kept.`;
    return { kind: 'migration-failed', message };
  }
}

async function serverVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  return Math.floor(Number(rows[0]?.version) / 10_000);
}

function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}
