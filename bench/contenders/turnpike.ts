// Turnpike itself, with authentication, holds and metering on: the real server on its own PostgreSQL, in front of the
// scripted upstream as an OpenAI-compatible engine, called with a real key of a project that has real credits.

import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BENCH_MODEL } from '../wire/token-frame.ts';
import {
  CHAT_PATH,
  GATEWAY_PART,
  type Contender,
  type Running,
  type Site,
  type Unavailable,
} from './contender.ts';
import { ServerProcess, type Environment } from './server-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SERVER = join(ROOT, 'server/src/main.ts');
const CLI = join(ROOT, 'cli/src/main.ts');
/** More than any run can spend. */
const CREDITS_USD = '100000';

export const turnpike: Contender = { name: 'turnpike', start: (site) => start(site, 'leases') };
/** The same without leases and without a settlement log: what they are for is seen beside it. */
export const UNLEASED = 'turnpike-direct';
export const turnpikeDirect: Contender = { name: UNLEASED, start: (site) => start(site, 'direct') };

async function start(site: Site, settlement: string): Promise<Running | Unavailable> {
  const missing = await firstMissing([SERVER, CLI]);
  if (missing !== undefined)
    return { kind: 'unavailable', reason: `${missing} does not exist in this tree` };
  const configFile = join(site.directory, 'turnpike.json');
  await writeFile(configFile, JSON.stringify(configuration(site), null, 2));
  const env = { ...environment(site, configFile), TURNPIKE_SETTLEMENT: settlement };
  const server = await ServerProcess.start({
    command: process.execPath,
    args: [SERVER],
    env,
    cwd: ROOT,
    readyUrl: `http://127.0.0.1:${site.port}/readyz`,
    readyWithinMs: 60_000,
    stopWithinMs: 20_000,
  });
  try {
    const key = await fundedKey(env);
    return {
      kind: 'running',
      version: await version(),
      target: {
        port: site.port,
        path: CHAT_PATH,
        headers: { authorization: `Bearer ${key}` },
        model: BENCH_MODEL,
      },
      pid: server.pid,
      partOf,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** Everything that this benchmark tells Turnpike: one engine, one model, one price. */
function configuration(site: Site): unknown {
  const baseUrl = `http://127.0.0.1:${site.upstreamPort}/v1`;
  return {
    engines: [{ kind: 'openai-compatible', name: 'upstream', baseUrl }],
    models: [{ id: BENCH_MODEL, engine: 'upstream', price: { input: '1', output: '2' } }],
  };
}

/** What the shell says about another Turnpike must not reach this one, so it is taken away. */
function environment(site: Site, configFile: string): Environment {
  return {
    PORT: String(site.port),
    HOST: '127.0.0.1',
    TURNPIKE_DATA: join(site.directory, 'data'),
    TURNPIKE_CONFIG: configFile,
    DATABASE_URL: undefined,
    TURNPIKE_URL: undefined,
    TURNPIKE_ADMIN_TOKEN: undefined,
    TURNPIKE_API_KEY: undefined,
  };
}

/** A key whose project has credits. */
async function fundedKey(env: Environment): Promise<string> {
  const created = await cli(env, ['keys', 'create', '--json']);
  const key = created['key'];
  if (typeof key !== 'string')
    throw new Error('`turnpike keys create --json` printed no member `key`.');
  await cli(env, ['credits', 'add', CREDITS_USD, '--json']);
  return key;
}

async function cli(env: Environment, args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
  // `as` because the command line interface prints one JSON object when it is asked for JSON.
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The gateway is the server's own process; PostgreSQL and the embedded engine are its children. */
function partOf(command: string): string {
  if (command.includes('postgres')) return 'postgresql';
  return command.includes('llama') ? 'engine' : GATEWAY_PART;
}

async function firstMissing(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const found = await access(file).then(
      () => true,
      () => false,
    );
    if (!found) return file.slice(ROOT.length);
  }
  return undefined;
}

async function version(): Promise<string> {
  // `as` because every package.json of npm has a version.
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `turnpike ${manifest.version}, node ${process.versions.node}`;
}
