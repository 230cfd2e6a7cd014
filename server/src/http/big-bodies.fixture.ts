// A client of its own thread that sends bodies of 30 MB, so that the thread of the server does nothing but serve; and an
// inference server that reads whatever it is sent.

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { WebSocket } from 'ws';
import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads';

/** What makes a thread of this file. */
export const THREAD = 'a client with big bodies';
const BODY_BYTES = 30_000_000;

export const SHAPES = ['text', 'escapes', 'messages', 'parts', 'image', 'tools'] as const;
/** `word`: one alone, of a request that leans on what was sent before. */
export type Shape = (typeof SHAPES)[number] | 'word';
export const DIALECTS = ['chat', 'responses', 'messages'] as const;
export type BigDialect = (typeof DIALECTS)[number];
export type BigRequest = {
  readonly origin: string;
  readonly key: string;
  readonly model: string;
  readonly dialect: BigDialect;
  readonly shape: Shape;
  /** Fields of the request beside those of its shape. */
  readonly more?: object;
  /** Over a WebSocket; `then`: the next frame on it, with the id of the first answer. */
  readonly socket?: true;
};
export type BigAnswer = { readonly status: number; readonly text: string; readonly bytes: number };
export type FromThread =
  | { readonly upstreamUrl: string }
  | { readonly isReady: true }
  | { readonly answer: BigAnswer };

const PATHS = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
} as const;

/** Of one text: ASCII, or nothing but escapes. */
const UNITS: { readonly [shape in Shape]?: string } = {
  text: 'toll ',
  escapes: '"\n',
};

function bodyOf({ dialect, shape, model, more }: BigRequest): object {
  const limit = dialect === 'messages' ? { max_tokens: 16 } : {};
  const said = dialect === 'responses' ? 'input' : 'messages';
  return {
    model,
    ...limit,
    [said]: messagesOf(shape, dialect),
    ...toolsOf(shape, dialect),
    ...more,
  };
}

const MESSAGES = 4_096;
/** Below the bound on objects. */
const PARTS = 30_000;
const PARTS_EACH = 1_000;

function messagesOf(shape: Shape, dialect: BigDialect): unknown {
  if (shape === 'word') return [{ role: 'user', content: 'go on' }];
  if (shape === 'tools') return [{ role: 'user', content: 'Mend the gate.' }];
  if (shape === 'image') return [{ role: 'user', content: [imageOf(dialect)] }];
  if (shape === 'messages') {
    const content = 'toll '.repeat(BODY_BYTES / MESSAGES / 5 - 10);
    return Array.from({ length: MESSAGES }, (_, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content,
    })).toSpliced(-1, 1);
  }
  if (shape === 'parts') {
    const text = 'toll '.repeat(BODY_BYTES / PARTS / 5 - 10);
    const type = dialect === 'responses' ? 'input_text' : 'text';
    const content = Array.from({ length: PARTS_EACH }, () => ({ type, text }));
    return Array.from({ length: PARTS / PARTS_EACH }, () => ({ role: 'user', content }));
  }
  const unit = UNITS[shape] ?? '';
  const bytes = Buffer.byteLength(JSON.stringify(unit)) - 2;
  const content = unit.repeat(BODY_BYTES / bytes);
  return dialect === 'responses' ? content : [{ role: 'user', content }];
}

function imageOf(dialect: BigDialect): object {
  // The largest one that is taken.
  const data = 'QUJD'.repeat(6_900_000);
  const url = `data:image/png;base64,${data}`;
  switch (dialect) {
    case 'chat':
      return { type: 'image_url', image_url: { url } };
    case 'responses':
      return { type: 'input_image', image_url: url };
    case 'messages':
      return { type: 'image', source: { type: 'base64', media_type: 'image/png', data } };
  }
}

const TOOLS = 512;

function toolsOf(shape: Shape, dialect: BigDialect): object {
  if (shape !== 'tools') return {};
  const properties = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [
      `field_${at}`,
      { type: 'string', description: 'toll '.repeat(185) },
    ]),
  );
  const parameters = { type: 'object', properties, required: ['field_1'] };
  return {
    tools: Array.from({ length: TOOLS }, (_, at) => {
      const name = `tool_${at}`;
      if (dialect === 'messages') return { name, input_schema: parameters };
      if (dialect === 'responses') return { type: 'function', name, parameters, strict: false };
      return { type: 'function', function: { name, parameters } };
    }),
  };
}

async function send(big: BigRequest, port: MessagePort): Promise<BigAnswer> {
  const body = Buffer.from(JSON.stringify(bodyOf(big)));
  port.postMessage({ isReady: true });
  await once(port, 'message');
  if (big.socket === true) return await overSocket(big, body);
  const asked = request(`${big.origin}${PATHS[big.dialect]}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${big.key}`,
      'content-type': 'application/json',
      'content-length': String(body.length),
    },
  });
  const answered = new Promise<BigAnswer>((resolve, reject) => {
    asked.on('error', reject);
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, bytes: body.length }),
      );
    });
  });
  asked.end(body);
  return await answered;
}

let peer: WebSocket | undefined;

/** One connection for all requests, so that each may go on from the one before it. */
async function overSocket(big: BigRequest, body: Buffer): Promise<BigAnswer> {
  const { bytes, text } = await new Promise<{ bytes: number; text: string }>((resolve, reject) => {
    const socket =
      peer ??
      new WebSocket(`${big.origin.replace('http', 'ws')}${PATHS.responses}`, {
        headers: { authorization: `Bearer ${big.key}` },
        perMessageDeflate: false,
      });
    const frame = Buffer.concat([Buffer.from('{"type":"response.create",'), body.subarray(1)]);
    const listen = (data: Buffer): void => {
      const event = data.toString();
      if (!/^\{"type":"(?:error|response\.(?:completed|failed|incomplete))"/.test(event)) return;
      socket.off('message', listen);
      resolve({ bytes: frame.length, text: event });
    };
    socket.on('message', listen);
    socket.on('error', reject);
    if (peer === undefined) socket.on('open', () => socket.send(frame, { binary: false }));
    else socket.send(frame, { binary: false });
    peer = socket;
  });
  return { status: text.startsWith('{"type":"response.completed"') ? 200 : 500, text, bytes };
}

const COMPLETION = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Done.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
});

async function main(port: MessagePort): Promise<void> {
  const upstream = createServer((asked, answer) => {
    asked.resume();
    asked.on('end', () => {
      answer.setHeader('content-type', 'application/json');
      answer.end(COMPLETION);
    });
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const address = upstream.address();
  const at = typeof address === 'object' && address !== null ? address.port : 0;
  port.postMessage({ upstreamUrl: `http://127.0.0.1:${at}/v1` });
  for (;;) {
    const [big] = (await once(port, 'message')) as [BigRequest]; // what the test sends
    port.postMessage({ answer: await send(big, port) });
  }
}

if (!isMainThread && parentPort !== null && workerData === THREAD) await main(parentPort);
