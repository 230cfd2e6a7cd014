// Where the database is, and every way of not reaching it, in one clear sentence that never holds the password.

import { Client, type ClientConfig } from 'pg';
import { type Result, err, ok } from '../../lib/result.ts';

export type StoreConnection =
  | { readonly url: string }
  | {
      /** A host name, or the directory of a unix socket. */
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password?: string;
      readonly database: string;
    };

export type StoreFailure = {
  readonly kind:
    | 'invalid-url'
    | 'unreachable'
    | 'not-let-in'
    | 'no-database'
    | 'no-rights'
    | 'server-too-old'
    | 'schema-too-new'
    | 'schema-changed'
    | 'migration-failed'
    | 'log-unusable';
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
};

/** Where the database is and how to get in: `where` may be shown to anybody. */
export type Address = { readonly config: ClientConfig; readonly where: string };

/** A machine in another region answers within this; a longer silence is a wrong address or a firewall. */
const CONNECT_TIMEOUT_MS = 5_000;

export function addressOf(connection: StoreConnection): Result<Address, StoreFailure> {
  const common = {
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'turnpike',
  };
  if (!('url' in connection)) {
    const where = `${connection.host}:${connection.port}/${connection.database}`;
    return ok({ config: { ...common, ...connection }, where });
  }
  const where = whereOfUrl(connection.url);
  if (where === undefined) {
    return failure(
      'invalid-url',
      'DATABASE_URL is not a PostgreSQL address; write it as postgres://user:password@host:5432/database.',
    );
  }
  return ok({ config: { ...common, connectionString: connection.url }, where });
}

/** Connects once; `undefined` in place of a client never happens without a sentence. */
export async function connect(address: Address): Promise<Result<Client, StoreFailure>> {
  try {
    const client = new Client(address.config);
    client.on('error', () => {}); // What loses the connection fails the query that needs it.
    await client.connect();
    return ok(client);
  } catch (error) {
    return err(connectFailure(error, address.where));
  }
}

export function connectFailure(error: unknown, where: string): StoreFailure {
  switch (codeOf(error)) {
    case '28P01':
    case '28000':
      return {
        kind: 'not-let-in',
        message: `PostgreSQL at ${where} refused the user name or password; correct them in DATABASE_URL.`,
      };
    case '3D000':
      return {
        kind: 'no-database',
        message: `PostgreSQL at ${where} has no such database; create it or correct DATABASE_URL.`,
      };
    case '42501':
      return {
        kind: 'no-rights',
        message: `This user may not create tables in PostgreSQL at ${where}; grant it CREATE on the database and its schema.`,
      };
    default:
      return {
        kind: 'unreachable',
        message: `PostgreSQL at ${where} can't be reached (${reasonOf(error)}); start it or correct DATABASE_URL.`,
      };
  }
}

/** The SQLSTATE, or the operating system's code; undefined for a connection that just ended. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no such host';
  if (code === 'ENOENT') return 'there is no such socket';
  if (code === '53300') return 'it has no free connection';
  if (code === '57P03') return 'it is still starting';
  if (error instanceof Error && error.message.includes('timeout')) return 'it does not answer';
  return code ?? 'the connection was closed';
}

function whereOfUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port, pathname, searchParams } = new URL(url);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') return undefined;
  const host = hostname === '' ? (searchParams.get('host') ?? 'localhost') : hostname;
  return `${host}:${port === '' ? '5432' : port}${pathname}`;
}

function failure(kind: StoreFailure['kind'], message: string): Result<never, StoreFailure> {
  return err({ kind, message });
}
