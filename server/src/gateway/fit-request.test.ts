// What the client did not write quite rightly, through the whole gateway: unknown fields by the operator's policy, odd tools
// by their repair, and names that come back as they were.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineToolName } from '../domain/tools/tool-names.ts';
import { PLENTY, RecitingEngine, Turnstile } from './turnstile.fixture.ts';

const odd = { type: 'object', properties: { a: { type: 'what' } } };
const tool = (name: string, more: object = {}) => ({
  type: 'function',
  function: { name, ...more },
});

describe('a request that is not quite right', () => {
  it('has its unknown fields left out and told, left out, or refused', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const ask = async (policy?: 'ignore' | 'warn' | 'refuse') => {
      const unknownFields = new Map(policy && [['openai-chat', policy]]);
      turnstile.gateway = { ...turnstile.gateway, unknownFields };
      return await turnstile.whole('hi', {
        mood: 'good',
        stream_options: { include_usage: null, x: 1 },
        stream: true,
      });
    };
    for (const policy of [undefined, 'warn'] as const) {
      const { status, headers, text } = await ask(policy);
      assert.equal(status, 200, text);
      assert.equal(headers['turnpike-ignored'], 'mood, stream_options.x');
    }
    const silent = await ask('ignore');
    assert.equal(silent.status, 200);
    assert.equal(silent.headers['turnpike-ignored'], undefined);
    const { status, json } = await ask('refuse');
    assert.equal(status, 400);
    assert.equal(json.error.param, 'mood');
    turnstile.assertAtRest();
  });

  it('is repaired, and says so before the first bytes of a stream and in the log', async () => {
    const name = 'mcp.server/do it';
    const engine = new RecitingEngine([
      [
        {
          kind: 'repaired',
          repairs: [{ field: 'tools[1].parameters.properties.b', detail: 'is odd too' }],
        },
      ],
      [{ kind: 'tool-call-start', index: 0, callId: 'c', name: engineToolName(name) }],
      [
        { kind: 'tool-call-end', index: 0 },
        { kind: 'finish', reason: 'tool-calls' },
      ],
    ]);
    const turnstile = await Turnstile.with(PLENTY, engine);
    const logged: unknown[] = [];
    const info = (facts: object): void => void logged.push(facts);
    turnstile.gateway = { ...turnstile.gateway, log: { ...turnstile.gateway.log, info } };
    const tools = [tool(name), tool('f', { parameters: odd })];
    const { headers, text } = await turnstile.stream('hi', { model: 'given', tools });
    const repaired = [
      `tools[0].function.name: the model knows it as ${engineToolName(name)}`,
      'tools[1].function.parameters.properties.a.type: left out, because it is not a type of JSON Schema',
      'tools[1].function.parameters.properties.b: is odd too',
    ];
    assert.equal(headers['turnpike-repaired'], repaired.join('; '));
    assert.ok(text.includes(JSON.stringify(name)), 'the call has the name that the client knows');
    const [facts] = logged;
    assert.ok(typeof facts === 'object' && facts !== null && 'repairs' in facts);
    assert.deepEqual(facts.repairs, repaired);
    assert.equal(engine.ticket?.generation.tools[0]?.name, engineToolName(name));
    turnstile.assertAtRest();
  });

  it('is refused by tool and path where it is strict, and nothing is held', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const tools = [tool('fine'), tool('mine', { parameters: odd, strict: true })];
    const { status, json } = await turnstile.whole('hi', { tools });
    assert.equal(status, 400);
    assert.equal(json.error.param, 'tools[1].function.parameters.properties.a.type');
    assert.match(json.error.message, /tool 'mine' with 'strict: true': it is not a type/);
    turnstile.assertUntouched(PLENTY);
  });
});
