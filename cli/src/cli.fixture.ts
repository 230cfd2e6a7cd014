// What the tests of the command line share: a real process, and a real server with a scripted engine that it talks to.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const MAIN = join(import.meta.dirname, 'main.ts');
const TEST_SERVER = resolve(import.meta.dirname, '../../server/src/http/management.test-server.ts');
export const ADMIN_TOKEN = 'admin-token-of-the-tests';
/** For a machine on which much else runs; a command takes a quarter of a second of its own. */
const DEADLINE_MS = 60_000;

export const SCRIPTED_CONFIG = {
  engines: [{ kind: 'scripted', name: 'script' }],
  models: [{ id: 'scripted', engine: 'script', price: { input: '0.15', output: '0.60' } }],
};

export type Env = { readonly [name: string]: string };
export type Run = { readonly code: number | null; readonly out: string; readonly err: string };

/** Nothing of the surroundings but what is given: a developer's own settings must not change a test. */
export function start(args: readonly string[], env: Env): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], ...env } });
}

export async function run(env: Env, args: readonly string[], input = ''): Promise<Run> {
  const child = start(args, env);
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  child.stdin?.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code: typeof code === 'number' ? code : null, out: out.text, err: err.text };
}

export async function runJson(env: Env, args: readonly string[], input = '') {
  const { code, out, err } = await run(env, [...args, '--json'], input);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return JSON.parse(out);
}

export function collect(stream: NodeJS.ReadableStream | null): { text: string } {
  const collected = { text: '' };
  stream?.setEncoding('utf8').on('data', (text: string) => (collected.text += text));
  return collected;
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited too long for ${what}`);
    await sleep(20);
  }
}

/** A server of its own, and a data directory without anything in it. */
export async function startServer() {
  const child = spawn(process.execPath, [TEST_SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const out = collect(child.stdout);
  try {
    await until('the test server', () => out.text.includes('\n'));
  } catch (error) {
    child.kill('SIGKILL'); // or the test's process waits for it for ever
    throw error;
  }
  const data = await mkdtemp(join(tmpdir(), 'turnpike-cli-'));
  const url = out.text.trim();
  return {
    url,
    data,
    env: { TURNPIKE_URL: url, TURNPIKE_DATA: data, TURNPIKE_ADMIN_TOKEN: ADMIN_TOKEN },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, 'exit');
      await rm(data, { recursive: true });
    },
  };
}

export async function statusWith(url: string, key: string): Promise<number> {
  const reply = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  await reply.arrayBuffer();
  return reply.status;
}
