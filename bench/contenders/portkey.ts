// Portkey's open-source gateway from npm, the peer that the goals name, pinned in bench/peers/.

import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
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
import { ServerProcess } from './server-process.ts';

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));
const PACKAGE = join(PEERS, 'node_modules/@portkey-ai/gateway');
const INSTALL_MS_MAX = 180_000;

export const portkey: Contender = { name: 'portkey', start };

async function start(site: Site): Promise<Running | Unavailable> {
  const missing = await install();
  if (missing !== undefined) return missing;
  const server = await ServerProcess.start({
    // The same runtime for all contenders that run on Node; Portkey is faster on it than on Node 20.
    command: process.execPath,
    args: [join(PACKAGE, 'build/start-server.js'), '--headless', `--port=${site.port}`],
    // Without it, Portkey refuses an upstream on a private address.
    env: { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1' },
    cwd: PEERS,
    readyUrl: `http://127.0.0.1:${site.port}/`,
    readyWithinMs: 20_000,
    stopWithinMs: 3000,
  });
  const headers = {
    authorization: 'Bearer bench',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${site.upstreamPort}/v1`,
  };
  return {
    kind: 'running',
    version: await version(),
    target: { port: site.port, path: CHAT_PATH, headers, model: BENCH_MODEL },
    pid: server.pid,
    partOf: () => GATEWAY_PART,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Installs what bench/peers/package-lock.json says, once; no script of the packages runs. */
async function install(): Promise<Unavailable | undefined> {
  if (await exists(PACKAGE)) return undefined;
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: PEERS,
      timeout: INSTALL_MS_MAX,
    });
    return undefined;
  } catch (error) {
    const detail = error instanceof Error ? error.message.trim().slice(-300) : String(error);
    return {
      kind: 'unavailable',
      reason: `\`npm ci\` in bench/peers failed; run it by hand to see why: ${detail}`,
    };
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function version(): Promise<string> {
  // `as` because every package.json of npm has a version.
  const manifest = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `@portkey-ai/gateway ${manifest.version}, node ${process.versions.node}`;
}
