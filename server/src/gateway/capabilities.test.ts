// What a model can't do is refused before its engine hears of it, naming the feature, the client's own field and the
// model; nothing is held or charged.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EVERY_CAPABILITY, type Capabilities } from '../domain/generation/capabilities.ts';
import { MEDIA_PARTS_MAX } from '../limits.ts';
import { PLENTY, Turnstile } from './turnstile.fixture.ts';

const DATA = 'data:image/png;base64,AAAA';
const FAR = 'https://example.test/a.png';
const image = (url: string) => ({ type: 'image_url', image_url: { url } });
const file = { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } };

const text = { type: 'text', text: 'See' };

/** On a model that can do everything but the one thing. */
async function without(missing: keyof Capabilities, ...content: readonly object[]) {
  const turnstile = await Turnstile.with(PLENTY);
  turnstile.serves('priced', turnstile.scripted, { ...EVERY_CAPABILITY, [missing]: false });
  const sink = await turnstile.ask({ model: 'priced', messages: [{ role: 'user', content }] });
  return { turnstile, sink };
}

describe('a model that knows less', () => {
  const cases = [
    ['images', [text, image(DATA)], 'messages[0].content[1].image_url', /image input/],
    ['images', [text, image(FAR)], 'messages[0].content[1].image_url', /image input/],
    ['documents', [file], 'messages[0].content[0].file', /document input/],
    ['fetchesUrls', [image(DATA), image(FAR)], 'messages[0].content[1].image_url', /data: URL/],
  ] as const;
  for (const [missing, content, field, words] of cases) {
    it(`without ${missing} refuses ${field}`, async () => {
      const { turnstile, sink } = await without(missing, ...content);
      const { error } = sink.json;
      assert.deepEqual(
        [sink.status, error.code, error.param],
        [400, 'unsupported_parameter', field],
      );
      assert.match(error.message, words);
      assert.match(error.message, /'priced'/);
      turnstile.assertUntouched(PLENTY);
    });
  }

  it('is given what it can take', async () => {
    for (const [missing, content] of [
      ['images', [file]],
      ['documents', [image(FAR)]],
      ['fetchesUrls', [image(DATA), file]],
    ] as const) {
      const { turnstile, sink } = await without(missing, text, ...content);
      assert.equal(sink.status, 200, sink.text);
      assert.equal(sink.json.usage.prompt_tokens, 1 + 85 * content.length);
      turnstile.assertAtRest();
    }
  });

  it('refuses more images than a request may have', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const content = Array.from({ length: MEDIA_PARTS_MAX + 1 }, () => image(FAR));
    const sink = await turnstile.ask({ model: 'priced', messages: [{ role: 'user', content }] });
    assert.equal(sink.status, 400);
    assert.equal(sink.json.error.param, `messages[0].content[${MEDIA_PARTS_MAX}].image_url`);
  });
});
