// What a model thinks has two names in streams: OpenAI's, and that of the specification of Open Responses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { decodeResponses } from './decode.ts';

function streamed(reasoning?: 'open-responses'): string {
  const decoded = decodeResponses({ model: 'm', input: 'hi', stream: true });
  assert.ok(decoded.ok);
  const facts = {
    requestId: 'req_0123',
    model: 'm',
    createdAtSeconds: 1,
    delivery: 'stream',
  } as const;
  const encoder = decoded.value.encoder({ ...facts, reasoning });
  const said = encoder.parts([
    { kind: 'reasoning-delta', text: 'hm' },
    { kind: 'text-delta', text: 'a' },
  ]);
  return said + encoder.finish({ reason: 'stop', usage: NO_USAGE, atSeconds: 2 });
}

test('reasoning is told in the events of Open Responses where the model is set to', () => {
  const openai = streamed();
  assert.match(openai, /"response\.reasoning_text\.delta"/);
  const renamed = openai.replaceAll('response.reasoning_text.', 'response.reasoning.');
  assert.notEqual(renamed, openai);
  assert.equal(streamed('open-responses'), renamed);
});
