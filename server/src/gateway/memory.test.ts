// What a gateway remembers from one request to the next: asserted on what the model is given, not on shapes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { StoreMemory } from './memory.ts';
import { PLENTY, Turnstile, type MemorySink } from './turnstile.fixture.ts';

type Answered = {
  readonly id: string;
  readonly status: string;
  readonly store: boolean;
  readonly previous_response_id: string | null;
  readonly output: readonly {
    readonly id: string;
    readonly call_id: string;
    readonly content?: readonly { readonly text: string }[];
  }[];
};

async function ask(turnstile: Turnstile, body: object): Promise<MemorySink> {
  return turnstile.ask({ model: 'priced', ...body }, { protocol: openaiResponses });
}

async function respond(turnstile: Turnstile, body: object): Promise<Answered> {
  const sink = await ask(turnstile, body);
  assert.equal(sink.status, 200, sink.text);
  return JSON.parse(sink.text) as Answered; // what is not there reads as undefined, and fails its test
}

function textOf({ output }: Answered): string {
  return output.flatMap(({ content = [] }) => content.map(({ text }) => text)).join('');
}

describe('a response that goes on from another', () => {
  it('knows what was said before it, and not the instructions of then', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const first = await respond(turnstile, {
      instructions: 'Speak like a pirate.',
      input: '[[echo]] my name is Ada',
    });
    const second = await respond(turnstile, {
      input: '[[tokens=2]] and I pay tolls',
      previous_response_id: first.id,
    });
    const third = await respond(turnstile, {
      instructions: 'Be brief.',
      input: '[[recall]] who am I?',
      previous_response_id: second.id,
    });
    assert.equal(third.previous_response_id, second.id);
    assert.deepEqual(textOf(third).split('\n'), [
      'system: Be brief.',
      'user: my name is Ada',
      'assistant: my name is Ada',
      'user: and I pay tolls',
      'assistant: The toll',
      'user: who am I?',
    ]);
    turnstile.assertAtRest();
  });

  it('answers the calls of the one before, streamed or not, and keeps what was thought', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const asked = '[[reasoning=2]] [[tool=weather:{"city":"Lisbon"}]]';
    const sink = await ask(turnstile, { stream: true, input: asked });
    const last = sink.text.split('\n\n').find((event) => event.includes('response.completed'));
    const first = JSON.parse(last?.split('data: ')[1] ?? '{}') as { response: Answered }; // as above
    const call = first.response.output[1];
    const second = await respond(turnstile, {
      previous_response_id: first.response.id,
      input: [
        { type: 'function_call_output', call_id: call?.call_id, output: '22 °C' },
        { role: 'user', content: '[[recall]]' },
      ],
    });
    assert.deepEqual(textOf(second).trim().split('\n'), [
      'user: ',
      'reasoning: hm hm',
      'tool-call: weather {"city":"Lisbon"}',
      'tool-result: 22 °C',
      'user:',
    ]);
  });

  it('may name single items, of its own past or of any response of the project', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const first = await respond(turnstile, { input: '[[echo]] the gate is blue' });
    const named = await respond(turnstile, {
      input: [
        { type: 'item_reference', id: first.output[0]?.id },
        { role: 'user', content: '[[recall]]' },
      ],
    });
    assert.deepEqual(textOf(named).trim().split('\n'), ['assistant: the gate is blue', 'user:']);
    const again = await respond(turnstile, {
      previous_response_id: named.id,
      input: '[[recall]] again',
    });
    assert.match(textOf(again), /^assistant: the gate is blue\n/);
    const missing = await ask(turnstile, { input: [{ id: 'msg_none' }] });
    assert.equal(missing.status, 404);
  });

  it('is refused before anything is spent where that one is unknown or was not kept', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const forgotten = await respond(turnstile, { input: 'hi', store: false });
    assert.equal(forgotten.store, false);
    const spent = turnstile.balanceNano;
    for (const id of [forgotten.id, 'resp_none', `resp_${'0'.repeat(32)}`, "'; --"]) {
      for (const stream of [true, false]) {
        const refused = await ask(turnstile, { input: 'hi', previous_response_id: id, stream });
        const { code, param } = refused.json.error;
        assert.deepEqual(
          [refused.status, code, param],
          [400, 'previous_response_not_found', 'previous_response_id'],
        );
      }
    }
    assert.equal(turnstile.balanceNano, spent);
  });
});

describe('an answer that can not be kept', () => {
  it('says so where it was to be kept by default, and is refused where that was asked', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    turnstile.responses.shut = true;
    assert.equal((await respond(turnstile, { input: 'hi' })).store, false);
    const spent = turnstile.balanceNano;
    const refused = await ask(turnstile, { input: 'hi', store: true });
    assert.deepEqual([refused.status, refused.json.error.code], [503, 'storage_unavailable']);
    assert.equal(turnstile.balanceNano, spent);
  });

  it('says so at its end where the store went away meanwhile', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    for (const stream of [false, true]) {
      turnstile.responses.shut = false;
      turnstile.ledger.onSettle = () => (turnstile.responses.shut = true);
      const sink = await ask(turnstile, { input: 'hi', store: true, stream });
      assert.equal(sink.status, 200);
      const last = stream ? (sink.text.split('event: response.completed')[1] ?? '') : sink.text;
      assert.match(last, /"store":false/);
    }
    turnstile.assertAtRest();
  });

  it('has no effect where nothing is kept, and the answer names it', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const memory = new StoreMemory(turnstile.responses, () => 0);
    turnstile.gateway = { ...turnstile.gateway, memory };
    const sink = await ask(turnstile, { input: 'hi', store: true });
    assert.equal(sink.headers['turnpike-ignored'], 'store');
    assert.match(sink.text, /"store":false/);
    const silent = await ask(turnstile, { input: 'hi' });
    assert.equal(silent.headers['turnpike-ignored'], undefined);
  });
});
