// The scripted upstream does what its script says: replies, pace, hang-ups and counts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startUpstream, type Upstream } from './server.ts';

const post = (upstream: Upstream, body: unknown, signal?: AbortSignal): Promise<Response> =>
  fetch(`http://127.0.0.1:${upstream.port}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

const until = async (what: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 200 && !what(); tries += 1) await sleep(5);
  assert.ok(what(), 'it did not happen within a second');
};

/** Node's own client reads what the raw server writes: a second opinion on its HTTP. */
describe('the scripted upstream', () => {
  it('answers a plain request with a whole completion of about 0.45 KB', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    for (const splitReply of [false, true]) {
      upstream.setScript({ splitReply });
      const text = await (await post(upstream, { messages: [] })).text();
      assert.ok(text.length > 400 && text.length < 500, `${text.length} bytes`);
      const { choices, usage } = completion(text);
      assert.equal(choices[0]?.finish_reason, 'stop');
      assert.ok(usage !== undefined);
      assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    }
    assert.deepEqual({ ...upstream.counts, connections: 0 }, counts({ requests: 2, finished: 2 }));
  });

  it('streams as many tokens as the script says, then the usage when asked, then [DONE]', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    for (const tokensPerSecond of [0, 500]) {
      upstream.setScript({ tokens: 7, tokensPerSecond });
      const text = await (
        await post(upstream, { stream: true, stream_options: { include_usage: true } })
      ).text();
      const events = text.trimEnd().split('\n\n');
      assert.equal(events.pop(), 'data: [DONE]');
      const chunks = events.map((event) => completion(event.slice('data: '.length)));
      assert.equal(chunks.pop()?.usage?.completion_tokens, 7);
      assert.equal(chunks.pop()?.choices[0]?.finish_reason, 'stop');
      assert.equal(chunks.shift()?.choices[0]?.delta?.role, 'assistant');
      assert.equal(chunks.length, 7);
    }
    const silent = await (await post(upstream, { stream: true })).text();
    assert.equal(silent.includes('usage'), false);
  });

  it("keeps the first token's delay and the pace", async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    upstream.setScript({ firstTokenMs: 60, tokens: 11, tokensPerSecond: 100 });
    const startMs = performance.now();
    const response = await post(upstream, { stream: true });
    const firstMs = performance.now() - startMs;
    await response.text();
    const lastMs = performance.now() - startMs;
    assert.ok(firstMs >= 59 && firstMs < 300, `first after ${firstMs} ms`);
    assert.ok(
      lastMs - firstMs >= 90 && lastMs - firstMs < 400,
      `the rest took ${lastMs - firstMs} ms`,
    );
  });
});

describe('the scripted upstream beside its replies', () => {
  it('stops a generation whose client leaves and counts it as aborted', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    upstream.setScript({ tokens: 10_000, tokensPerSecond: 100 });
    const leaving = new AbortController();
    const response = await post(upstream, { stream: true }, leaving.signal);
    assert.equal(upstream.counts.live, 1);
    leaving.abort();
    await assert.rejects(response.text());
    await until(() => upstream.counts.live === 0);
    assert.deepEqual({ ...upstream.counts, connections: 0 }, counts({ requests: 1, aborted: 1 }));
  });

  it('takes a new script over HTTP, refuses a wrong one, lists its model, and answers 404 elsewhere', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    const base = `http://127.0.0.1:${upstream.port}`;
    const put = (body: string): Promise<Response> =>
      fetch(`${base}/script`, { method: 'PUT', body });
    assert.equal((await put(`{"tokens":3,"firstTokenMs":1}`)).status, 200);
    for (const wrong of [
      `{"tokens":0}`,
      `{"firstTokenMs":-1}`,
      `{"tokensPerSecond":"many"}`,
      `[]`,
      `{`,
    ]) {
      assert.equal((await put(wrong)).status, 400, wrong);
    }
    const stream = await (await post(upstream, { stream: true })).text();
    assert.equal(stream.match(/"content":" /g)?.length, 3);
    assert.match(await (await fetch(`${base}/v1/models`)).text(), /bench-model/);
    assert.equal((await fetch(`${base}/elsewhere`)).status, 404);
    assert.match(await (await fetch(`${base}/counts`)).text(), /"finished":1/);
  });

  it('hangs up on what is not HTTP', async (t) => {
    const upstream = await startUpstream(0);
    t.after(() => upstream.close());
    const socket = connect(upstream.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nnot a number\r\n');
    socket.resume();
    await once(socket, 'close');
  });
});

function counts(some: Partial<Upstream['counts']>): Upstream['counts'] {
  return { connections: 0, requests: 0, live: 0, finished: 0, aborted: 0, ...some };
}

type Completion = {
  readonly choices: readonly {
    readonly finish_reason: string | null;
    readonly delta?: { readonly role?: string };
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
};

function completion(text: string): Completion {
  // `as` because the assertions that follow look at what they need.
  return JSON.parse(text) as Completion;
}
