// Thinking that a client was not shown comes back to the model from its signature; thinking that it was shown is signed
// with a digest that nothing trusts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { Sealer } from '../../domain/sealing/sealer.ts';
import { decodeMessages } from './decode.ts';

const KEY = { id: 'key', secret: Buffer.alloc(32, 7) };
const RING = { current: KEY, keys: new Map([[KEY.id, KEY]]) };
const sealer = new Sealer(RING, 'org_1');
const ask = { model: 'm', max_tokens: 100 };
const user = { role: 'user', content: 'hi' };
const said: readonly Part[] = [
  { kind: 'reasoning-delta', text: 'secret ' },
  { kind: 'reasoning-delta', text: 'thoughts' },
  { kind: 'text-delta', text: 'a' },
];

const block = z.object({ thinking: z.string(), signature: z.string() });
const theBlock = z.object({ content: z.tuple([block]).rest(z.unknown()) });
const delta = block.partial();
type Block = z.infer<typeof block>;

/** The thinking block of an answer; of a stream, put together as its clients do. */
function thinkingIn(delivery: 'whole' | 'stream', display: string, reasoning?: 'sealed'): Block {
  const thinking = { type: 'adaptive', display };
  const stream = delivery === 'stream';
  const decoded = decodeMessages(
    { ...ask, stream, thinking, messages: [user] },
    {},
    undefined,
    sealer,
  );
  assert.ok(decoded.ok, JSON.stringify(decoded));
  const facts = { requestId: 'req_0', model: 'm', createdAtSeconds: 0, delivery, reasoning };
  const encoder = decoded.value.encoder(facts);
  const ending = { reason: 'stop', usage: NO_USAGE, atSeconds: 1 } as const;
  const text = encoder.parts(said) + encoder.finish(ending);
  if (!stream) return theBlock.parse(JSON.parse(text)).content[0];
  const deltas = [...text.matchAll(/"delta":(\{"type":"(?:thinking|signature)_delta".*?\})\}/g)];
  const parts = deltas.map(([, json = '']) => delta.parse(JSON.parse(json)));
  return Object.assign({ thinking: '', signature: '' }, ...parts);
}

function itemsFor(content: readonly object[], own = sealer) {
  const messages = [user, { role: 'assistant', content }, user];
  const decoded = decodeMessages({ ...ask, messages }, {}, undefined, own);
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.value.generation.items.filter(({ kind }) => kind === 'reasoning');
}

describe('the signature of thinking', () => {
  for (const delivery of ['whole', 'stream'] as const) {
    it(`holds what was omitted, and gives it back to the model: ${delivery}`, () => {
      for (const one of [
        thinkingIn(delivery, 'omitted'),
        thinkingIn(delivery, 'updates', 'sealed'),
      ]) {
        assert.equal(one.thinking, '');
        assert.equal(sealer.open('thinking', one.signature), 'secret thoughts');
        const [item] = itemsFor([{ ...one, type: 'thinking', thinking: '' }]);
        assert.equal(item?.kind === 'reasoning' && item.text, 'secret thoughts');
        const [foreign] = itemsFor(
          [{ ...one, type: 'thinking', thinking: '' }],
          new Sealer(RING, 'org_2'),
        );
        assert.equal(foreign?.kind === 'reasoning' && foreign.text, '');
      }
    });
  }

  it('of what was shown is a digest, and what comes back is believed', () => {
    const { signature } = thinkingIn('whole', 'updates');
    assert.match(signature, /^tp1\.[\w-]{43}$/);
    assert.equal(thinkingIn('whole', 'updates').signature, signature);
    const [item] = itemsFor([{ type: 'thinking', thinking: 'edited', signature }]);
    assert.equal(item?.kind === 'reasoning' && item.text, 'edited');
  });

  it('and redacted thinking of others is carried along', () => {
    const [item] = itemsFor([{ type: 'redacted_thinking', data: 'EmwK' }]);
    assert.deepEqual(item, {
      kind: 'reasoning',
      text: '',
      sealed: { form: 'redacted', data: 'EmwK' },
    });
  });
});
