// The line that the log has of each request, and the reason in it why a prompt came from no cache.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_USAGE } from '../domain/generation/usage.ts';
import type { Part } from '../domain/generation/part.ts';
import { PROMPT_MEMORY_MS, PROMPTS_PER_OWNER_MAX } from '../limits.ts';
import type { LogFacts } from '../ports/log.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { type Asked, MemorySink, PLENTY, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

const SYSTEM = `Guard the gate well. ${'Be kind and take the toll. '.repeat(40)}`;
const said = (role: string, content: string) => ({ role, content });
const FIRST = [said('system', SYSTEM), said('user', 'Who may pass, then?')];
const SECOND = [...FIRST, said('assistant', 'Whoever pays.'), said('user', 'How much is it?')];
const THIRD = [...SECOND, said('assistant', 'Two coins.'), said('user', 'Here they are.')];
const tool = (name: string) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
});

/** A gate in front of an engine that reads from its cache what it is told to. */
class Gate {
  readonly turnstile: Turnstile;
  nowMs = 0;
  input = 0;
  cacheRead = 0;
  isSilent = false;

  private constructor(turnstile: Turnstile) {
    this.turnstile = turnstile;
  }

  static async open(): Promise<Gate> {
    const batches = { [Symbol.iterator]: () => gate.#answer()[Symbol.iterator]() };
    const turnstile = await Turnstile.with(PLENTY, new RecitingEngine(batches));
    const gate = new Gate(turnstile);
    const clock = { nowMs: Date.now, monotonicMs: () => gate.nowMs };
    turnstile.gateway = { ...turnstile.gateway, clock };
    return gate;
  }

  #answer(): readonly (readonly Part[])[] {
    const usage = { ...NO_USAGE, input: this.input, cacheRead: this.cacheRead, output: 1 };
    const counted: Part = { kind: 'usage', usage, source: 'engine' };
    return [
      [{ kind: 'text-delta', text: 'Yes.' }],
      this.isSilent ? [] : [counted],
      [{ kind: 'finish', reason: 'stop' }],
    ];
  }

  /** Of `[cached, all]` tokens of the prompt; what the log has to say of the cache. */
  async ask(
    [cacheRead, all]: readonly [number, number],
    messages: readonly object[],
    more: object = {},
    asked: Asked = {},
  ): Promise<unknown> {
    this.cacheRead = cacheRead;
    this.input = all - cacheRead;
    const sink = await this.turnstile.ask({ model: 'given', messages, ...more }, asked);
    assert.equal(sink.status, 200, sink.text);
    return this.line['cache'];
  }

  get line(): LogFacts {
    const last = this.turnstile.told.at(-1);
    assert.equal(last?.message, 'a request ended');
    return last.facts;
  }
}

const firstTime = { readTokens: 0, missed: 'first-time' };

describe('the log of a request', () => {
  it('is one line with what it was, how it ended and what it cost, and nothing of what was said', async () => {
    const gate = await Gate.open();
    const requestId = 'req_0123456789abcdef0123456789abcdef';
    await gate.ask([0, 300], FIRST, { tools: [tool('take_toll')] }, { requestId });
    const { turnstile, line } = gate;
    assert.equal(turnstile.told.length, 1);
    const { settled } = turnstile.ledger;
    assert.deepEqual(line, {
      requestId,
      organisationId: turnstile.organisationId,
      projectId: 'prj_1',
      keyId: turnstile.keyId,
      protocol: 'openai-chat',
      model: 'given',
      engine: 'reciting',
      outcome: 'completed',
      usage: { input: 300, output: 1 },
      usageSource: 'engine',
      priceVersion: settled.priceVersion,
      tier: 'standard',
      costUsd: '0.000378024',
      firstTokenAfterMs: 0,
      durationMs: 0,
      cache: firstTime,
    });
    assert.doesNotMatch(JSON.stringify(line), /guard|toll|pass|yes/i);
  });

  it('is not written where the level is above it, and nothing is made for it', async () => {
    const gate = await Gate.open();
    const { turnstile } = gate;
    const log = { ...turnstile.gateway.log, isLevelEnabled: () => false };
    turnstile.gateway = { ...turnstile.gateway, log };
    await turnstile.whole('hello', { model: 'given' });
    assert.equal(turnstile.told.length, 0);
    assert.equal(turnstile.gateway.prompts.size.prompts, 0);
  });

  it('tells of a client that left and of an engine that failed', async () => {
    const { turnstile } = await Gate.open();
    await turnstile.whole('[[fail=500]]');
    const failed = turnstile.told.at(-1)?.facts ?? {};
    assert.deepEqual([failed['outcome'], failed['costUsd']], ['failed', '0.00']);
    assert.equal(failed['cache'], undefined, 'what an engine that failed has kept, nobody knows');
    const sink = new MemorySink(async (client) => client.leave());
    await turnstile.stream('[[tokens=50]]', {}, { sink });
    const left = turnstile.told.at(-1)?.facts ?? {};
    assert.equal(left['outcome'], 'client-left');
    assert.deepEqual(left['cache'], { readTokens: 0, missed: 'too-short' });
  });

  it('says nothing was missed while a conversation goes on and its beginning is read', async () => {
    const gate = await Gate.open();
    assert.deepEqual(await gate.ask([0, 300], FIRST), firstTime);
    assert.deepEqual(await gate.ask([298, 320], SECOND), { readTokens: 298 });
    assert.deepEqual(await gate.ask([310, 2_000], THIRD), { readTokens: 310 });
    assert.deepEqual(await gate.ask([1_984, 2_000], THIRD), { readTokens: 1_984 });
    assert.deepEqual(gate.turnstile.gateway.prompts.size, { prompts: 1, links: 8, forgotten: 0 });
  });

  it('first-time: another conversation, whose instructions alone were seen', async () => {
    const gate = await Gate.open();
    await gate.ask([0, 300], SECOND);
    const other = [said('user', 'x'.repeat(600)), said('assistant', 'y'), said('user', 'z')];
    assert.deepEqual(await gate.ask([0, 300], other), firstTime);
    // It has the system's message in common with the first, and that was read.
    const likeFirst = [said('system', SYSTEM), said('user', `Another ${'thing '.repeat(200)}`)];
    assert.deepEqual(await gate.ask([250, 500], likeFirst), { ...firstTime, readTokens: 250 });
  });

  for (const [what, at, asked, more] of [
    ['the system’s message', 'system', [said('system', `${SYSTEM} 12:07`), ...SECOND.slice(1)], {}],
    ['an earlier answer', 'items[2]', [...FIRST, said('assistant', 'All.'), ...THIRD.slice(3)], {}],
    ['what is left out', 'items[1]', [...FIRST.slice(0, 1), ...THIRD.slice(2)], {}],
    ['a tool', 'tools[0].function', THIRD, { tools: [tool('b')] }],
    ['a tool that is gone', 'tools', THIRD, { tools: [] }],
    ['the format', 'response_format', THIRD, { response_format: { type: 'json_object' } }],
  ] as const) {
    it(`changed: ${what}, at ${at}`, async () => {
      const gate = await Gate.open();
      await gate.ask([0, 300], SECOND, { tools: [tool('a')] });
      const cache = await gate.ask([0, 340], asked, { tools: [tool('a')], ...more });
      assert.deepEqual(cache, { readTokens: 0, missed: 'changed', at });
    });
  }

  it('changed: in the words of Messages, and not by marks that no engine sees', async () => {
    const gate = await Gate.open();
    const protocol = { protocol: anthropicMessages };
    const [user, assistant, next] = SECOND.slice(1);
    const text = (cached: object) => ({ system: [{ type: 'text', text: SYSTEM, ...cached }] });
    const named = (name: string) => ({ tools: [{ name, input_schema: { type: 'object' } }] });
    const more = { max_tokens: 9, ...named('a'), ...text({}) };
    await gate.ask([0, 300], [user ?? {}], more, protocol);
    const marked = { ...more, ...text({ cache_control: { type: 'ephemeral' } }) };
    const messages = [user ?? {}, assistant ?? {}, next ?? {}];
    assert.deepEqual(await gate.ask([290, 340], messages, marked, protocol), { readTokens: 290 });
    const changed = { ...more, ...named('b') };
    const cache = await gate.ask([0, 340], messages, changed, protocol);
    assert.deepEqual(cache, { readTokens: 0, missed: 'changed', at: 'tools[0]' });
  });

  it('one conversation on three protocols is one prompt', async () => {
    const gate = await Gate.open();
    await gate.ask([0, 300], FIRST);
    const more = { max_tokens: 9, system: SYSTEM };
    const asked = { protocol: anthropicMessages };
    assert.deepEqual(await gate.ask([295, 320], SECOND.slice(1), more, asked), { readTokens: 295 });
    const { turnstile } = gate;
    const body = { model: 'given', instructions: SYSTEM, input: THIRD.slice(1) };
    const sink = await turnstile.ask(body, { protocol: openaiResponses });
    assert.equal(sink.status, 200, sink.text);
    assert.deepEqual(turnstile.gateway.prompts.size, { prompts: 1, links: 8, forgotten: 0 });
  });

  it('calls that have other ids when they come again are the same calls', async () => {
    const gate = await Gate.open();
    const called = (id: string) => [
      ...FIRST,
      {
        role: 'assistant',
        tool_calls: [{ id, type: 'function', function: { name: 'a', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: id, content: 'Open.' },
    ];
    await gate.ask([0, 300], called('call_1'));
    const next = said('user', 'And now?');
    assert.deepEqual(await gate.ask([290, 340], [...called('call_2'), next]), { readTokens: 290 });
    const cache = await gate.ask([0, 380], [...called('call_3'), next, said('assistant', 'Go.')]);
    assert.deepEqual(cache, { readTokens: 0, missed: 'engine-dropped', couldReadTokens: 340 });
  });

  it('engine-dropped: exactly this was seen, and less of it was read', async () => {
    const gate = await Gate.open();
    await gate.ask([0, 300], FIRST);
    await gate.ask([298, 320], SECOND);
    const cache = await gate.ask([0, 340], THIRD);
    assert.deepEqual(cache, { readTokens: 0, missed: 'engine-dropped', couldReadTokens: 320 });
  });

  it('not-reported: the engine never said that it read anything, or counts nothing at all', async () => {
    const gate = await Gate.open();
    await gate.ask([0, 300], FIRST);
    const cache = await gate.ask([0, 320], SECOND);
    assert.deepEqual(cache, { readTokens: 0, missed: 'not-reported', couldReadTokens: 300 });
    gate.isSilent = true;
    const silent = await gate.ask([0, 0], THIRD);
    assert.deepEqual(silent, { readTokens: 0, missed: 'not-reported' });
  });

  it('too-short: engines keep whole blocks', async () => {
    const gate = await Gate.open();
    const hello = [said('user', 'Hello')];
    await gate.ask([0, 9], hello);
    assert.deepEqual(await gate.ask([0, 9], hello), { readTokens: 0, missed: 'too-short' });
  });

  it('expired: seen too long ago', async () => {
    const gate = await Gate.open();
    await gate.ask([200, 300], FIRST);
    gate.nowMs = PROMPT_MEMORY_MS + 1;
    const cache = await gate.ask([0, 320], SECOND);
    assert.deepEqual(cache, { readTokens: 0, missed: 'expired', couldReadTokens: 300 });
    gate.nowMs *= 3;
    const changed = [...SECOND.slice(0, 2), said('assistant', 'All.'), ...THIRD.slice(3)];
    const couldReadTokens = 163; // by characters, and half of that
    const late = await gate.ask([0, 340], changed);
    assert.deepEqual(late, { readTokens: 0, missed: 'expired', couldReadTokens });
  });

  it('expired: so many others since that it was forgotten here', async () => {
    const gate = await Gate.open();
    const mine = FIRST.slice(1);
    await gate.ask([0, 300], mine);
    for (let other = 0; other < PROMPTS_PER_OWNER_MAX; other++) {
      await gate.ask([0, 300], [said('user', `Of conversation ${other}`)]);
    }
    const cache = await gate.ask([0, 320], [...mine, ...SECOND.slice(2)]);
    assert.deepEqual(cache, { readTokens: 0, missed: 'expired' });
  });
});
