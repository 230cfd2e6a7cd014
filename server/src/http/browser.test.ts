// OpenAI's own client in a real browser, on a page of another origin: where the operator names the origin it works, with
// streams and our headers; where not, the browser keeps the answers. Skipped where there is no Chromium.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { json } from 'node:stream/consumers';
import { PROTOCOLS } from '../protocols/registry.ts';
import { SocketServer } from './web-socket-client.fixture.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const CLIENT = fileURLToPath(new URL('../../../node_modules/openai/', import.meta.url));
const PATIENCE_MS = 60_000;

/** Runs in the browser; whatever comes of it is posted to where the page came from. */
const PAGE = `<!doctype html><script type="module">
import OpenAI from '/openai/index.mjs';
const settings = await (await fetch('/settings')).json();
const client = new OpenAI({ ...settings, dangerouslyAllowBrowser: true, maxRetries: 0 });
const messages = [{ role: 'user', content: '[[tokens=5]]' }];
async function attempt() {
  const whole = await client.chat.completions.create({ model: 'priced', messages, odd: 1 }).withResponse();
  let streamed = '';
  const stream = await client.chat.completions.create({ model: 'priced', messages, stream: true });
  for await (const { choices } of stream) streamed += choices[0]?.delta.content ?? '';
  const response = await client.responses.create({ model: 'priced', input: 'hi' });
  const removed = await client.responses.delete(response.id).then(() => true);
  const missing = await client.models.retrieve('nobody').catch((error) => error.status + ' ' + error.code);
  const { headers } = whole.response;
  const told = ['x-request-id', 'turnpike-ignored', 'turnpike-cost-usd'].map((name) => headers.get(name));
  return { text: whole.data.choices[0].message.content, streamed, removed, missing, told };
}
const result = await attempt().catch((error) => ({ error: String(error) }));
await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
</script>`;

type Result = {
  readonly error?: string;
  readonly text?: string;
  readonly streamed?: string;
  readonly removed?: boolean;
  readonly missing?: string;
  readonly told?: readonly (string | null)[];
};

/** A site of its own with the page, and what the page found. */
async function openSite() {
  let settings: object = {};
  let found: (result: Result) => void = () => undefined;
  const result = new Promise<Result>((resolve) => (found = resolve));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost');
    if (pathname === '/settings') return void response.end(JSON.stringify(settings));
    if (pathname === '/result') {
      found((await json(request)) as Result); // what the page above posts
      return void response.end();
    }
    const isPage = pathname === '/';
    const file = isPage ? '' : join(CLIENT, normalize(pathname.replace(/^\/openai\//, '/')));
    if (!isPage && !existsSync(file)) return void response.writeHead(404).end();
    response.setHeader('content-type', isPage ? 'text/html' : 'text/javascript');
    response.end(isPage ? PAGE : await readFile(file));
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    origin: `http://127.0.0.1:${address.port}`,
    result,
    use: (given: object) => (settings = given),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function visit(origin: string, until: Promise<Result>): Promise<Result> {
  const profile = mkdtempSync(join(tmpdir(), 'turnpike-chromium-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'];
  const browser = spawn(
    CHROMIUM,
    [...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', origin],
    {
      stdio: 'ignore',
    },
  );
  const late = new Promise<Result>((resolve) => {
    setTimeout(() => resolve({ error: 'the browser said nothing' }), PATIENCE_MS).unref();
  });
  try {
    return await Promise.race([until, late]);
  } finally {
    const ended = once(browser, 'exit');
    browser.kill('SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe('a page in a browser', { skip: !existsSync(CHROMIUM) && 'there is no Chromium' }, () => {
  async function askFrom(isNamed: boolean): Promise<Result> {
    await using site = await openSite();
    const corsOrigins = [isNamed ? site.origin : 'https://app.example.com'];
    await using server = await SocketServer.start({ protocols: PROTOCOLS, corsOrigins });
    site.use({ apiKey: server.turnstile.key, baseURL: `${server.origin}/v1` });
    return await visit(site.origin, site.result);
  }

  it('calls the API with OpenAI’s client where the operator names its origin', async () => {
    const found = await askFrom(true);
    assert.equal(found.error, undefined);
    assert.ok(found.text !== undefined && found.text.length > 5);
    assert.equal(found.streamed, found.text);
    assert.deepEqual([found.removed, found.missing], [true, '404 model_not_found']);
    const [requestId = '', ignored, cost] = found.told ?? [];
    assert.match(requestId ?? '', /^req_/);
    assert.equal(ignored, 'odd');
    assert.ok(Number(cost) > 0);
  });

  it('reads nothing where the operator names another', async () => {
    const { error } = await askFrom(false);
    assert.match(error ?? '', /Connection error/);
  });
});
