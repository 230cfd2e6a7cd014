// An answer of another server that is not what was asked for is asked for once more, and the second one is what the client
// gets: on every protocol, whole and streamed, through the real engine and its check, billed for both tries.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { everythingBut, type Capabilities } from '../domain/generation/capabilities.ts';
import { CheckedEngine } from '../engines/checked/checked-engine.ts';
import { SchemaChecker } from '../engines/checked/schema-checker.ts';
import { OpenAiCompatibleEngine } from '../engines/openai-compatible/openai-compatible-engine.ts';
import { startScriptedServer, type ScriptedServer } from '../engines/scripted/scripted-server.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { PLENTY, Turnstile } from './turnstile.fixture.ts';

const CAN: Capabilities = {
  ...everythingBut('strictTools', 'toolGrammars'),
  jsonObject: 'promised',
  jsonSchema: 'promised',
};
const schema = {
  type: 'object',
  properties: { gate: { type: 'integer' } },
  required: ['gate'],
  additionalProperties: false,
};
const JSON_TWICE = '[[echo]] {"gate":"x"} [[then]] [[echo]] {"gate":7}';
const CALL_TWICE = '[[tool=f:{"gate":"x"}]] [[then]] [[tool=f:{"gate":7}]]';
const WRONG_TWICE = '[[echo]] no [[then]] [[echo]] no';

type Wishes = { readonly json: object; readonly call: object };
const WAYS: readonly (readonly [Protocol, (prompt: string) => object, Wishes])[] = [
  [
    openaiChat,
    (content) => ({ messages: [{ role: 'user', content }] }),
    {
      json: { response_format: { type: 'json_schema', json_schema: { name: 's', strict: true, schema } } },
      call: { tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: schema } }], tool_choice: 'required' },
    },
  ],
  [
    openaiResponses,
    (input) => ({ input, store: false }),
    {
      json: { text: { format: { type: 'json_schema', name: 's', strict: true, schema } } },
      call: { tools: [{ type: 'function', name: 'f', strict: true, parameters: schema }], tool_choice: 'required' },
    },
  ],
  [
    anthropicMessages,
    (content) => ({ max_tokens: 64, messages: [{ role: 'user', content }] }),
    {
      json: { output_config: { format: { type: 'json_schema', schema } } },
      call: { tools: [{ name: 'f', strict: true, input_schema: schema }], tool_choice: { type: 'any' } },
    },
  ],
]; // prettier-ignore

describe('a second try', () => {
  let server: ScriptedServer;
  let checker: SchemaChecker;
  before(async () => {
    server = await startScriptedServer();
    checker = new SchemaChecker();
  });
  after(async () => {
    await checker[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  for (const [protocol, asking, wishes] of WAYS) {
    for (const stream of [false, true]) {
      const ask = async (prompt: string, wish: object) => {
        await using inner = new OpenAiCompatibleEngine({ name: 'up', baseUrl: server.baseUrl });
        const turnstile = await Turnstile.with(PLENTY);
        turnstile.serves('given', new CheckedEngine(inner, CAN, checker), CAN);
        const sentBefore = server.requests.length;
        const sink = await turnstile.ask(
          { model: 'given', ...asking(prompt), ...wish, stream },
          { protocol },
        );
        return { turnstile, sink, tries: server.requests.length - sentBefore };
      };
      const way = `${protocol.name}, ${stream ? 'streamed' : 'whole'}`;

      it(`of JSON, on ${way}`, async () => {
        const { sink, turnstile, tries } = await ask(JSON_TWICE, wishes.json);
        assert.deepEqual([sink.status, tries], [200, 2], sink.text);
        const said = sink.text.replaceAll(/\\+"/g, '"');
        assert.match(said, /\{"gate":7\}|gate.*7/);
        assert.doesNotMatch(said, /"gate":"x"/);
        assert.equal(turnstile.ledger.settled.usage.output, 2, 'a word each time');
      });

      it(`of a call, on ${way}`, async () => {
        const { sink, tries } = await ask(CALL_TWICE, wishes.call);
        assert.deepEqual([sink.status, tries], [200, 2], sink.text);
        const said = sink.text.replaceAll(/\\+"/g, '"');
        assert.doesNotMatch(said, /"gate":"x"/);
        assert.match(said, /"f"/);
      });

      it(`that is wrong again, on ${way}: refused, and nothing is charged`, async () => {
        const { sink, turnstile, tries } = await ask(WRONG_TWICE, wishes.json);
        assert.equal(tries, 2);
        assert.match(sink.text, /error/);
        assert.ok(sink.status === 502 || stream, `${sink.status} ${sink.text}`);
        assert.equal(turnstile.balanceNano, PLENTY);
      });
    }
  }
});
