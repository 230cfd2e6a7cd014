// Images and files through the official clients to an upstream of ours: it hears the same bytes whichever protocol they
// came by, and what it can't be told never reaches it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { Turnpike } from './turnpike.ts';

const PNG = Buffer.from('not much of a picture').toString('base64');
const DATA = `data:image/png;base64,${PNG}`;
const FAR = 'https://example.test/a.png';
const PRICE = { input: '1', output: '2' };

/** An upstream that keeps what it was asked, and says nothing of interest. */
class Upstream {
  readonly asked: { readonly messages: readonly unknown[] }[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => void (body += text));
      request.on('end', () => {
        this.asked.push(JSON.parse(body));
        const message = { role: 'assistant', content: 'A gate.' };
        const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }], usage }),
        );
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    // A server that listens on a port has an address with one.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

describe('images and files', () => {
  const upstream = new Upstream();
  let turnpike: Turnpike;
  let openai: OpenAI;
  let anthropic: Anthropic;
  before(async () => {
    const engine = { kind: 'openai-compatible', name: 'far', baseUrl: await upstream.listen() };
    const model = (id: string, capabilities: object) => ({
      id,
      engine: 'far',
      price: PRICE,
      capabilities,
    });
    const models = [
      model('sees', { images: true, documents: true }),
      model('fetches', { images: true, fetchesUrls: true }),
      model('blind', {}),
    ];
    turnpike = await Turnpike.start({ config: { engines: [engine], models } });
    const { origin, firstKey: apiKey } = turnpike;
    openai = new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 0 });
    anthropic = new Anthropic({ baseURL: origin, apiKey, maxRetries: 0 });
  });
  after(async () => {
    await turnpike[Symbol.asyncDispose]();
    await upstream.close();
  });

  const chat = (model: string, url = DATA) =>
    openai.chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url } },
            {
              type: 'file',
              file: { filename: 'a.txt', file_data: `data:text/plain;base64,${PNG}` },
            },
          ],
        },
      ],
    });
  const responses = (model: string) =>
    openai.responses.create({
      model,
      store: false,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', image_url: DATA, detail: 'auto' },
            {
              type: 'input_file',
              filename: 'a.txt',
              file_data: `data:text/plain;base64,${PNG}`,
            },
          ],
        },
      ],
    });
  const messages = (model: string) =>
    anthropic.messages.create({
      model,
      max_tokens: 9,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
            {
              type: 'document',
              title: 'a.txt',
              source: { type: 'text', media_type: 'text/plain', data: 'not much of a picture' },
            },
          ],
        },
      ],
    });

  it('an upstream hears the same from all three', async () => {
    upstream.asked.length = 0;
    await chat('sees');
    await responses('sees');
    await messages('sees');
    const heard = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: DATA } },
          { type: 'text', text: '\n<document name="a.txt">\nnot much of a picture\n</document>\n' },
        ],
      },
    ];
    assert.deepEqual(
      upstream.asked.map((asked) => asked.messages),
      [heard, heard, heard],
    );
  });

  it('a model that can’t see refuses, by the client’s own field', async () => {
    upstream.asked.length = 0;
    for (const [ask, field] of [
      [chat, 'messages[0].content[1].image_url'],
      [responses, 'input[0].content[1].image_url'],
    ] as const) {
      await assert.rejects(ask('blind'), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.deepEqual([error.code, error.param], ['unsupported_parameter', field]);
        assert.match(error.message, /'blind'/);
        return true;
      });
    }
    await assert.rejects(messages('blind'), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      assert.match(error.message, /'messages\[0\]\.content\[1\]\.source'.*'blind'.*image input/);
      return true;
    });
    assert.equal(upstream.asked.length, 0);
  });

  it('an address is passed on to who may fetch it, and fetched by nobody here', async () => {
    upstream.asked.length = 0;
    await assert.rejects(chat('sees', FAR), /data: URL/);
    await chat('fetches', FAR);
    assert.equal(upstream.asked.length, 1);
    assert.ok(JSON.stringify(upstream.asked[0]).includes(FAR));
  });
});
