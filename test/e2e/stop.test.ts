// Stopping: what is running may end, what comes is refused, everything is settled, and the exit code is 0.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBooks } from './books.ts';
import { visit } from './customers.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const stream = (content: string) => ({
  model: 'scripted',
  stream: true,
  messages: [{ role: 'user', content }],
});

describe('a server that is asked to stop', () => {
  it('lets a running stream end, refuses what is new, and exits with 0', async () => {
    await using turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    const key = turnpike.firstKey;
    const long = visit(turnpike, { key, body: stream('[[tokens=60 rate=30]]') });
    await sleep(300);
    const stopped = turnpike.stop();
    await sleep(200);
    const late = await visit(turnpike, { key, body: stream('hi') });
    assert.equal(late.kind, 'refused');
    assert.equal(late.kind === 'refused' && late.code, 'server_is_restarting');
    assert.equal((await long).kind, 'answered');
    assert.equal(await stopped, 0);
    assert.ok(!existsSync(`${turnpike.dataDirectory}/postgres/data/postmaster.pid`));
  });

  it('cuts a stream at the second signal, says so in it, and charges nothing for it', async () => {
    await using turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
    const { firstKey: key, dataDirectory } = turnpike;
    const long = turnpike.chat(stream('[[tokens=4000 rate=10]]'), { key });
    const response = await long;
    await sleep(200);
    turnpike.child.kill('SIGTERM');
    await sleep(200);
    turnpike.child.kill('SIGTERM');
    const text = await response.text();
    assert.match(text, /"code":"server_is_restarting"/);
    assert.ok(!text.includes('[DONE]'));
    assert.equal(await turnpike.ended(), 0);

    await using again = await Turnpike.start({ config: SCRIPTED_CONFIG, dataDirectory });
    await using books = openBooks(again.dataDirectory);
    assert.deepEqual(await books.findings(), []);
    assert.equal(await books.openHolds(), 0);
    const requestId = response.headers.get('x-request-id') ?? '';
    assert.deepEqual((await books.recorded()).get(requestId), { times: 1, outcome: 'failed' });
  });
});
