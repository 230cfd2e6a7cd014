// Images and documents through the front door of each protocol: the same thing sent three ways is the same thing to an
// engine, and what is wrong with one is named where the client wrote it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContentPart } from '../domain/generation/content.ts';
import { MEDIA_BYTES_MAX } from '../limits.ts';
import type { Protocol } from './protocol.ts';
import { anthropicMessages } from './anthropic-messages/anthropic-messages.ts';
import { openaiChat } from './openai-chat/openai-chat.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';

const PNG = Buffer.from('not much of a picture').toString('base64');
const TEXT = Buffer.from('Grüße, 世界').toString('base64');
const FAR = 'https://example.test/a.png';

const chat = (...content: readonly object[]) => ({
  model: 'm',
  messages: [{ role: 'user', content }],
});
const responses = (...content: readonly object[]) => ({
  model: 'm',
  input: [{ role: 'user', content }],
});
const messages = (...content: readonly object[]) => ({ ...chat(...content), max_tokens: 9 });

const chatImage = (url: string, more: object = {}) => ({
  type: 'image_url',
  image_url: { url, ...more },
});
const chatFile = (file: object) => ({ type: 'file', file });
const inputImage = (url: string, more: object = {}) => ({
  type: 'input_image',
  image_url: url,
  ...more,
});
const inputFile = (file: object) => ({ type: 'input_file', ...file });
const block = (type: string, source: object, more: object = {}) => ({ type, source, ...more });
const base64 = (mediaType: string, data: string) => ({
  type: 'base64',
  media_type: mediaType,
  data,
});

function partsOf(protocol: Protocol, body: object): readonly ContentPart[] {
  const decoded = protocol.decode(body, {});
  assert.ok(decoded.ok, JSON.stringify(decoded));
  const [item] = decoded.value.generation.items;
  assert.ok(item?.kind === 'message');
  return item.content;
}

describe('what is sent three ways is one thing', () => {
  const png = { kind: 'inline', mediaType: 'image/png', base64: PNG } as const;
  const pdf = { kind: 'inline', mediaType: 'application/pdf', base64: PNG } as const;
  const far = { kind: 'url', url: FAR } as const;

  it('images, inline and by address', () => {
    const said = { kind: 'text', text: 'See' } as const;
    const data = `data:image/png;base64,${PNG}`;
    assert.deepEqual(
      partsOf(
        openaiChat,
        chat({ type: 'text', text: 'See' }, chatImage(data, { detail: 'high' }), chatImage(FAR)),
      ),
      [
        said,
        { kind: 'image', source: png, detail: 'high', field: 'messages[0].content[1].image_url' },
        { kind: 'image', source: far, field: 'messages[0].content[2].image_url' },
      ],
    );
    assert.deepEqual(
      partsOf(
        openaiResponses,
        responses({ type: 'input_text', text: 'See' }, inputImage(data, { detail: 'high' })),
      ),
      [
        said,
        { kind: 'image', source: png, detail: 'high', field: 'input[0].content[1].image_url' },
      ],
    );
    assert.deepEqual(
      partsOf(
        anthropicMessages,
        messages(
          { type: 'text', text: 'See' },
          block('image', base64('image/png', PNG)),
          block('image', { type: 'url', url: FAR }),
        ),
      ),
      [
        said,
        { kind: 'image', source: png, field: 'messages[0].content[1].source' },
        { kind: 'image', source: far, field: 'messages[0].content[2].source' },
      ],
    );
  });

  it('PDF, with its name', () => {
    const data = `data:application/pdf;base64,${PNG}`;
    const document = (field: string) => [{ kind: 'document', source: pdf, name: 'a.pdf', field }];
    assert.deepEqual(
      partsOf(openaiChat, chat(chatFile({ file_data: data, filename: 'a.pdf' }))),
      document('messages[0].content[0].file'),
    );
    for (const sent of [data, PNG]) {
      assert.deepEqual(
        partsOf(openaiResponses, responses(inputFile({ file_data: sent, filename: 'a.pdf' }))),
        document('input[0].content[0].file_data'),
      );
    }
    assert.deepEqual(
      partsOf(
        anthropicMessages,
        messages(block('document', base64('application/pdf', PNG), { title: 'a.pdf' })),
      ),
      document('messages[0].content[0].source'),
    );
  });

  it('plain text becomes text, which every engine reads', () => {
    const text = 'Grüße, 世界';
    const sources = [
      partsOf(openaiChat, chat(chatFile({ file_data: `data:text/markdown;base64,${TEXT}` }))),
      partsOf(
        openaiResponses,
        responses(inputFile({ file_data: `data:text/plain;charset=utf-8;base64,${TEXT}` })),
      ),
      partsOf(
        anthropicMessages,
        messages(block('document', { type: 'text', media_type: 'text/plain', data: text })),
      ),
      partsOf(
        anthropicMessages,
        messages(block('document', { type: 'content', content: [{ type: 'text', text }] })),
      ),
    ].map(([part]) => part?.kind === 'document' && part.source);
    for (const source of sources) assert.deepEqual(source, { kind: 'text', text });
  });

  it('what a tool returned, too', () => {
    const use = { type: 'tool_use', id: 't', name: 'f', input: {} };
    const image = block('image', base64('image/png', PNG));
    const result = { type: 'tool_result', tool_use_id: 't', content: [image] };
    const decoded = anthropicMessages.decode(
      {
        model: 'm',
        max_tokens: 9,
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', content: [use] },
          { role: 'user', content: [result] },
        ],
      },
      {},
    );
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value.generation.items.at(-1), {
      kind: 'tool-result',
      callId: 't',
      content: [{ kind: 'image', source: png, field: 'messages[2].content[0].content[0].source' }],
    });
  });
});

describe('what is wrong with it is named where it stands', () => {
  const tooLong = 'A'.repeat((Math.ceil(MEDIA_BYTES_MAX / 3) + 1) * 4);
  const cases: readonly (readonly [Protocol, object, string, RegExp])[] = [
    [openaiChat, chat(chatImage('http://x.test/a.png')), '.image_url.url', /https URL/],
    [openaiChat, chat(chatImage('https://me:pw@x.test/a')), '.image_url.url', /without a password/],
    [openaiChat, chat(chatImage('file:///etc/passwd')), '.image_url.url', /https URL/],
    [openaiChat, chat(chatImage('data:image/png,AAAA')), '.image_url.url', /data: URL with base64/],
    [openaiChat, chat(chatImage(`data:image/tiff;base64,${PNG}`)), '.image_url.url', /image\/tiff/],
    [openaiChat, chat(chatImage('data:image/png;base64,A*AA')), '.image_url.url', /well-formed/],
    [openaiChat, chat(chatImage('data:image/png;base64,AAA')), '.image_url.url', /well-formed/],
    [
      openaiChat,
      chat(chatImage('data:image/png;base64,AA==AA==')),
      '.image_url.url',
      /well-formed/,
    ],
    [openaiChat, chat(chatImage('data:image/png;base64,A-_A')), '.image_url.url', /well-formed/],
    [openaiChat, chat(chatImage('data:image/png;base64,AA A')), '.image_url.url', /well-formed/],
    [openaiChat, chat(chatImage('data:image/png;base64,=AAA')), '.image_url.url', /well-formed/],
    [openaiChat, chat(chatImage('data:image/png;base64,')), '.image_url.url', /empty/],
    [openaiChat, chat(chatImage(`data:image/png;base64,${tooLong}`)), '.image_url.url', /20 MiB/],
    [openaiChat, chat(chatFile({ file_id: 'file-1' })), '.file.file_id', /uploaded files/],
    [openaiChat, chat(chatFile({})), '.file.file_data', /Missing/],
    [openaiChat, chat(chatFile({ file_data: 'data:a/b;base64,AAAA' })), '.file.file_data', /a\/b/],
    [openaiResponses, responses(inputImage('data:')), '.image_url', /base64/],
    [openaiResponses, responses({ type: 'input_image' }), '.image_url', /Missing/],
    [
      openaiResponses,
      responses({ type: 'input_image', file_id: 'f' }),
      '.file_id',
      /uploaded files/,
    ],
    [openaiResponses, responses(inputFile({ file_url: 'ftp://x.test' })), '.file_url', /https URL/],
    [openaiResponses, responses(inputFile({ file_data: 'A*' })), '.file_data', /well-formed/],
    [
      anthropicMessages,
      messages(block('image', base64('image/svg+xml', PNG))),
      '.source.media_type',
      /image\/jpeg/,
    ],
    [
      anthropicMessages,
      messages(block('image', base64('image/png', 'A'))),
      '.source.data',
      /well-formed/,
    ],
    [
      anthropicMessages,
      messages(block('document', { type: 'file', file_id: 'f' })),
      '.source',
      /uploaded files/,
    ],
  ];
  for (const [protocol, body, field, words] of cases) {
    it(`${protocol.name}: ${field} ${words.source}`, () => {
      const decoded = protocol.decode(body, {});
      assert.ok(!decoded.ok, 'expected a refusal');
      const { error } = decoded;
      const place = protocol === openaiResponses ? 'input' : 'messages';
      assert.equal('field' in error && error.field, `${place}[0].content[0]${field}`);
      assert.match(
        'feature' in error ? error.feature : 'message' in error ? error.message : '',
        words,
      );
    });
  }

  it('an image where only the model speaks', () => {
    const image = block('image', base64('image/png', PNG));
    const body = { model: 'm', max_tokens: 9, messages: [{ role: 'assistant', content: [image] }] };
    const decoded = anthropicMessages.decode(body, {});
    assert.ok(!decoded.ok && decoded.error.kind === 'invalid-request');
    assert.equal(decoded.error.field, 'messages[0].content[0]');
  });
});
