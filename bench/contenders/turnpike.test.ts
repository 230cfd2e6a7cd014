// Turnpike starts as a contender just as the benchmark starts it, serves through its key alone, and takes its PostgreSQL
// with it when it stops.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from '../free-port.ts';
import { sampleTree } from '../processes.ts';
import { startUpstream } from '../upstream/server.ts';
import { GATEWAY_PART } from './contender.ts';
import { turnpike } from './turnpike.ts';

const PORT_FROM = 18_360;

describe('Turnpike as a contender', () => {
  it('serves the upstream with its key only, on a PostgreSQL of its own', async () => {
    await using scope = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'turnpike-bench-test-'));
    scope.defer(() => rm(directory, { recursive: true, force: true }));
    await chmod(directory, 0o711);
    const upstream = await startUpstream(0);
    scope.defer(() => upstream.close());
    const site = { upstreamPort: upstream.port, port: await freePort(PORT_FROM), directory };
    const running = await turnpike.start(site);
    assert.ok(running.kind === 'running');
    scope.use(running);

    const { target } = running;
    const served = upstream.counts.requests;
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`http://127.0.0.1:${target.port}${target.path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({
          model: target.model,
          messages: [{ role: 'user', content: 'Hello' }],
        }),
      });
    assert.equal((await ask({})).status, 401);
    const answer = await ask(target.headers);
    assert.match(await answer.text(), /The gate turns once/);
    assert.equal(answer.status, 200);
    assert.equal(upstream.counts.requests - served, 1);
    const parts = sampleTree(running.pid ?? 0).map((sample) => running.partOf(sample.command));
    assert.equal(parts.filter((part) => part === GATEWAY_PART).length, 1);
    assert.ok(parts.includes('postgresql'));
  });
});
