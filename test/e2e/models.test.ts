// The catalogue through both official clients: what each model can do, how long it reads and writes, what it costs and how
// far its release has come. And a model that its operator says has no grammar still gives JSON.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { oneModel } from '../../server/src/reference/answer-schemas.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const CONFIG = {
  engines: SCRIPTED_CONFIG.engines,
  models: [
    ...SCRIPTED_CONFIG.models,
    {
      id: 'plain',
      engine: 'scripted',
      contextTokensMax: 4_000,
      outputTokensMax: 500,
      capabilities: { images: false, documents: false, jsonObject: false, reasoning: false },
      stage: 'deprecated',
      price: { input: '0.15', output: '0.6', cacheRead: '0.015' },
    },
    { id: 'free-for-nobody', engine: 'scripted' },
  ],
};

describe('the models', () => {
  let turnpike: Turnpike;
  let openai: OpenAI;
  let anthropic: Anthropic;
  before(async () => {
    turnpike = await Turnpike.start({ config: CONFIG });
    const { origin, firstKey: apiKey } = turnpike;
    openai = new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 0 });
    anthropic = new Anthropic({ baseURL: origin, apiKey, maxRetries: 0 });
  });
  after(() => turnpike[Symbol.asyncDispose]());

  const CARD = {
    context_window: 4_000,
    max_output_tokens: 500,
    input_modalities: ['text'],
    output_modalities: ['text'],
    stage: 'deprecated',
  };
  const PRICE = {
    currency: 'USD',
    per_tokens: 1_000_000,
    version: 1,
    input: '0.15',
    cache_read: '0.015',
    cache_write_5m: '0.15',
    cache_write_1h: '0.15',
    image_input: '0.15',
    audio_input: '0.15',
    output: '0.60',
    reasoning: '0.60',
    image_output: '0.60',
    audio_output: '0.60',
    tool_calls: '0.00',
    requests: '0.00',
  };

  it('have their card in OpenAI’s shape', async () => {
    const page = await openai.models.list();
    assert.deepEqual(
      page.data.map(({ id }) => id),
      ['scripted', 'plain'],
      'one without a price is not there',
    );
    assert.deepEqual(Object(page)['body']['models'], [], 'Codex looks for the list');
    for (const model of page.data) oneModel.parse(model);
    const { features, price, ...rest } = Object(await openai.models.retrieve('plain'));
    const { created, ...shown } = rest;
    assert.ok(Number.isInteger(created));
    assert.deepEqual(shown, { id: 'plain', object: 'model', owned_by: 'turnpike', ...CARD });
    assert.deepEqual(price, PRICE);
    assert.deepEqual(
      [features.json_object, features.strict_tools, features.fetches_urls, features.images],
      [false, true, true, false],
    );
    const scripted = Object(await openai.models.retrieve('scripted'));
    assert.deepEqual(scripted.input_modalities, ['text', 'image', 'file']);
    assert.equal(scripted.stage, 'general-availability');
  });

  it('have it in Anthropic’s, with the capabilities of that', async () => {
    const plain = await anthropic.models.retrieve('plain');
    oneModel.parse(plain);
    assert.equal(plain.lifecycle, 'deprecated');
    assert.equal(plain.capabilities?.image_input.supported, false);
    assert.equal(plain.capabilities.thinking.types.enabled.supported, false);
    assert.equal(plain.capabilities.structured_outputs.supported, true);
    const { context_window, stage, price } = Object(plain);
    assert.deepEqual([context_window, stage], [CARD.context_window, CARD.stage]);
    assert.deepEqual(price, PRICE);
    const active = await anthropic.models.list({ lifecycle: ['active'] });
    assert.deepEqual(
      active.data.map(({ id }) => id),
      ['scripted'],
    );
    assert.equal(active.data[0]?.capabilities?.pdf_input.supported, true);
  });

  it('that don’t reason name what asked them to', async () => {
    for (const [asked, field] of [
      [{ thinking: { type: 'enabled', budget_tokens: 1_024 } }, 'thinking'],
      [{ output_config: { effort: 'low' } }, 'output_config.effort'],
    ] as const) {
      const { response } = await anthropic.messages
        .create({
          model: 'plain',
          max_tokens: 2_000,
          messages: [{ role: 'user', content: 'hi' }],
          ...asked,
        })
        .withResponse();
      assert.equal(response.headers.get('turnpike-ignored'), field);
    }
  });

  it('without a grammar still give JSON, or say that they can’t', async () => {
    const ask = (content: string) =>
      openai.chat.completions.create({
        model: 'plain',
        messages: [{ role: 'user', content }],
        response_format: { type: 'json_object' },
      });
    const answer = await ask('[[echo]] no[[then]][[echo]] {"a":1}');
    assert.equal(answer.choices[0]?.message.content, '{"a":1}');
    await assert.rejects(ask('[[echo]] no'), (error) => {
      assert.ok(error instanceof OpenAI.InternalServerError);
      assert.equal(error.code, 'invalid_output');
      return true;
    });
  });
});
