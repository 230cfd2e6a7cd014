// Where the command line stands: the only reader of the environment here.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export type Surroundings = {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  /** Where a server started here would listen. */
  readonly host: string;
  readonly port: number;
  /** PORT says something that is no port. */
  readonly wrongPort: string | undefined;
  /** Where that server keeps everything that it writes. */
  readonly dataDirectory: string;
  readonly adminToken: string | undefined;
  readonly apiKey: string | undefined;
  readonly databaseUrl: string | undefined;
  /** What the server loads when it has no configuration file. */
  readonly modelFile: string;
  readonly configFile: string;
  /** The Node that npm itself runs on, where npm told. */
  readonly npmNodeVersion: string | undefined;
  /** Of this clone. */
  readonly root: string;
  readonly environment: NodeJS.ProcessEnv;
};

const ROOT = resolve(import.meta.dirname, '../..');
const PORT_DEFAULT = 8080;

export function readSurroundings(environment: NodeJS.ProcessEnv): Surroundings {
  const text = (name: string) => environment[name]?.trim() || undefined;
  const host = text('HOST') ?? '127.0.0.1';
  const givenPort = text('PORT');
  const port = portOf(givenPort) ?? PORT_DEFAULT;
  const dataDirectory = resolve(ROOT, text('TURNPIKE_DATA') ?? '.turnpike');
  const told = givenPort !== undefined || text('HOST') !== undefined;
  const lastKnown = told ? undefined : addressIn(dataDirectory);
  const url = text('TURNPIKE_URL') ?? lastKnown ?? `http://${reachable(host)}:${port}`;
  return {
    url: url.replace(/\/+$/, ''),
    host,
    port,
    wrongPort: portOf(givenPort) === undefined ? givenPort : undefined,
    dataDirectory,
    adminToken: text('TURNPIKE_ADMIN_TOKEN'),
    apiKey: text('TURNPIKE_API_KEY'),
    databaseUrl: text('DATABASE_URL'),
    modelFile: resolve(
      ROOT,
      text('TURNPIKE_MODEL') ?? join('models', 'turnpike-mini', 'turnpike-mini.gguf'),
    ),
    configFile: resolve(ROOT, text('TURNPIKE_CONFIG') ?? 'turnpike.config.json'),
    npmNodeVersion: /node\/v(?<version>[\d.]+)/.exec(text('npm_config_user_agent') ?? '')?.groups?.[
      'version'
    ],
    root: ROOT,
    environment,
  };
}

/** The server of that data directory leaves its address there at each start. */
function addressIn(dataDirectory: string): string | undefined {
  try {
    const address = readFileSync(join(dataDirectory, 'address'), 'utf8').trim();
    return URL.canParse(address) ? address : undefined;
  } catch {
    return undefined; // no server has run there yet
  }
}

export function portOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

/** A server that listens on every address is reached on the loopback one; an IPv6 address stands in brackets. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
