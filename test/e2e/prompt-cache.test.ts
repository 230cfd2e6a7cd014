// One conversation on three protocols is one prompt: what one of them has left in the engine's cache, the others hit as
// well, to the token; and each reports it in its own convention. The log says why something was not hit.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Turnpike } from './turnpike.ts';

const MODEL = fileURLToPath(
  new URL('../../models/turnpike-mini/turnpike-mini.gguf', import.meta.url),
);
const price = { input: '1', cacheRead: '0.1', output: '2' };
const CONFIG = {
  // One slot: what was asked last is what is cached.
  engines: [{ kind: 'llama', name: 'llama', model: MODEL, slots: 1 }],
  models: [{ id: 'mini', engine: 'llama', price }],
};

const SYSTEM = `You are the keeper of a gate. ${'Be kind, be brief, and take the toll. '.repeat(20)}`;
const FIRST = 'Who may pass?';
const SAID = 'Whoever pays the toll.';
const SECOND = 'And who else?';
const schema = { type: 'object', properties: { amount: { type: 'integer' } } };
const about = { name: 'take_toll', description: 'Takes a toll.' };

type Cached = { readonly cached: number; readonly input: number };
type Usage = { readonly [name: string]: number & { readonly [name: string]: number } };

/** Each asks the second turn of the same conversation, and reads the usage in its own way. */
const PROTOCOLS: {
  readonly [path: string]: { readonly body: object; readonly read: (usage: Usage) => Cached };
} = {
  '/chat/completions': {
    body: {
      messages: [
        { role: 'system', content: SYSTEM },
        { role: 'user', content: FIRST },
        { role: 'assistant', content: SAID },
        { role: 'user', content: SECOND },
      ],
      tools: [{ type: 'function', function: { ...about, parameters: schema } }],
      max_completion_tokens: 16,
    },
    read: (usage) => ({
      cached: usage['prompt_tokens_details']?.['cached_tokens'] ?? -1,
      input: usage['prompt_tokens'] ?? -1,
    }),
  },
  '/responses': {
    body: {
      instructions: SYSTEM,
      input: [
        { role: 'user', content: FIRST },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: SAID }] },
        { role: 'user', content: [{ type: 'input_text', text: SECOND }] },
      ],
      tools: [{ type: 'function', ...about, parameters: schema, strict: false }],
      max_output_tokens: 16,
    },
    read: (usage) => ({
      cached: usage['input_tokens_details']?.['cached_tokens'] ?? -1,
      input: usage['input_tokens'] ?? -1,
    }),
  },
  '/messages': {
    body: {
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=1; cch=0badf;' },
        { type: 'text', text: SYSTEM, cache_control: { type: 'ephemeral' } },
      ],
      messages: [
        { role: 'user', content: [{ type: 'text', text: FIRST }] },
        { role: 'assistant', content: [{ type: 'text', text: SAID }] },
        { role: 'user', content: SECOND },
      ],
      tools: [{ ...about, input_schema: schema }],
      max_tokens: 16,
    },
    // Anthropic's input has no cached tokens in it.
    read: (usage) => {
      const cached = usage['cache_read_input_tokens'] ?? -1;
      return { cached, input: (usage['input_tokens'] ?? -1) + cached };
    },
  },
};

const ENDED = '"a request ended"';
type LoggedCache = {
  readonly readTokens: number;
  readonly missed?: string;
  readonly at?: string;
};

describe("the engine's prefix cache", () => {
  let turnpike: Turnpike;
  before(async () => (turnpike = await Turnpike.start({ config: CONFIG })));
  after(() => turnpike[Symbol.asyncDispose]());

  async function usageOf(path: string, body: object): Promise<Usage> {
    const response = await fetch(`${turnpike.baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${turnpike.firstKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mini', ...body }),
    });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    // What is not there reads as undefined, and fails its test.
    return (JSON.parse(text) as { readonly usage: Usage }).usage;
  }

  async function ask(path: string): Promise<Cached> {
    const { body, read } = PROTOCOLS[path] ?? assert.fail(path);
    return read(await usageOf(path, body));
  }

  it('is hit alike by each protocol after any other', async () => {
    const paths = Object.keys(PROTOCOLS);
    const other = {
      messages: [{ role: 'user', content: 'Something else altogether.' }],
      max_tokens: 1,
    };
    for (const first of paths) {
      await usageOf('/chat/completions', other);
      const cold = await ask(first);
      assert.ok(cold.cached < cold.input * 0.2, `${first}: ${JSON.stringify(cold)}`);
      for (const second of paths) {
        const warm = await ask(second);
        assert.equal(warm.input, cold.input, `${second} after ${first} is the same prompt`);
        // All but the last token, which has to be evaluated again.
        assert.ok(
          warm.cached >= warm.input * 0.99,
          `${second} after ${first}: ${JSON.stringify(warm)}`,
        );
      }
    }
  });

  /** What the log says of the cache for the request that was answered last. */
  async function logged(requests: number): Promise<LoggedCache> {
    const path = join(turnpike.dataDirectory, 'log', 'turnpike.log');
    for (;;) {
      const lines = readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.includes(ENDED));
      const last = lines[requests - 1];
      // What is not there reads as undefined, and fails its test.
      if (last !== undefined) return (JSON.parse(last) as { readonly cache: LoggedCache }).cache;
      await sleep(20);
    }
  }

  it('is missed for reasons that the log tells', { timeout: 60_000 }, async () => {
    const path = join(turnpike.dataDirectory, 'log', 'turnpike.log');
    await sleep(200); // the lines of the requests before are on their way
    let requests = readFileSync(path, 'utf8').split(ENDED).length - 1;
    const { body } = PROTOCOLS['/chat/completions'] ?? assert.fail();
    const chat = async (more: object): Promise<LoggedCache> => {
      await usageOf('/chat/completions', { ...body, ...more });
      return await logged(++requests);
    };
    const asked = (topic: string) => [
      {
        role: 'system',
        content: `You know all about ${topic}. ${'Tell it in order. '.repeat(40)}`,
      },
      { role: 'user', content: `What about ${topic}?` },
    ];
    const goingOn = [
      ...asked('tolls'),
      { role: 'assistant', content: 'They are paid.' },
      { role: 'user', content: 'By whom?' },
    ];
    assert.equal((await chat({ messages: asked('tolls') })).missed, 'first-time');
    const hit = await chat({ messages: goingOn });
    assert.equal(hit.missed, undefined, JSON.stringify(hit));
    assert.ok(hit.readTokens > 100);
    const timed = goingOn.with(0, { role: 'system', content: `12:07. ${goingOn[0]?.content}` });
    const changed = await chat({ messages: timed });
    assert.deepEqual([changed.missed, changed.at], ['changed', 'system']);
    // The only slot has another conversation's prompt now.
    assert.equal((await chat({ messages: asked('bridges') })).missed, 'first-time');
    const dropped = await chat({ messages: goingOn });
    assert.equal(dropped.missed, 'engine-dropped', JSON.stringify(dropped));
  });
});
