// Every way an upstream fails, over a real socket, and the failure it becomes.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Generation } from '../../domain/generation/generation.ts';
import { readAll, testTicket, violations, within } from '../../ports/engine.contract.ts';
import { OpenAiCompatibleEngine } from './openai-compatible-engine.ts';
import type { OpenAiCompatibleOptions } from './options.ts';
import { delta, event, openStream, response, startRawUpstream, stream } from './raw-upstream.ts';
import type { RawAnswer } from './raw-upstream.ts';

async function ask(
  engine: OpenAiCompatibleEngine,
  delivery: Generation['delivery'] = 'whole',
): Promise<EngineFailure | 'finished'> {
  const ticket = testTicket({ prompt: 'Hi', delivery, outputTokensMax: 100, engineModel: 'm' });
  const run = await within(5000, 'the failure', readAll(engine, ticket));
  assert.deepEqual(violations(run.yields, 100), []);
  const last = run.parts.at(-1);
  return last?.kind === 'failure' ? last.failure : 'finished';
}

async function failureOf(
  answer: string | RawAnswer,
  delivery: Generation['delivery'] = 'whole',
  options: Partial<OpenAiCompatibleOptions> = {},
): Promise<EngineFailure | 'finished'> {
  const say: RawAnswer =
    typeof answer === 'string' ? (socket) => void socket.write(answer) : answer;
  await using upstream = await startRawUpstream(say);
  await using engine = new OpenAiCompatibleEngine({
    name: 'upstream',
    baseUrl: upstream.baseUrl,
    ...options,
  });
  return await ask(engine, delivery);
}

function error(status: number, fields: object, headers: Record<string, string> = {}): string {
  return response(status, JSON.stringify({ error: fields }), headers);
}

const REFUSALS: [string, string, EngineFailure][] = [
  [
    '429 with retry-after',
    error(429, { message: 'slow' }, { 'retry-after': '2' }),
    { kind: 'overloaded', retryAfterMs: 2000 },
  ],
  [
    '429 with retry-after-ms',
    error(429, {}, { 'retry-after-ms': '150', 'retry-after': '9' }),
    { kind: 'overloaded', retryAfterMs: 150 },
  ],
  [
    '503 that says nothing',
    'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n',
    { kind: 'overloaded' },
  ],
  ['503 with nonsense', error(503, {}, { 'retry-after': 'soon' }), { kind: 'overloaded' }],
  [
    '429 of an empty account',
    error(429, { code: 'insufficient_quota', message: 'Pay.' }),
    { kind: 'broken', detail: 'It answered 429: Pay.' },
  ],
  [
    '401',
    error(401, { message: 'Incorrect API key' }),
    { kind: 'broken', detail: 'It answered 401: Incorrect API key' },
  ],
  [
    '403 with HTML',
    response(403, '<html>No</html>'),
    { kind: 'broken', detail: 'It answered 403.' },
  ],
  [
    '500 with text',
    response(500, 'Internal Server Error'),
    { kind: 'broken', detail: 'It answered 500: Internal Server Error' },
  ],
  ['302', response(302, ''), { kind: 'broken', detail: 'It answered 302.' }],
  [
    '404 of an inference server',
    error(404, { message: 'The model `m` does not exist.' }),
    { kind: 'rejected', message: 'The model `m` does not exist.' },
  ],
  [
    '404 of something else',
    response(404, 'Not Found'),
    { kind: 'broken', detail: 'It answered 404: Not Found' },
  ],
  [
    '400 with a field',
    error(400, { message: 'Bad\n seed', param: 'seed' }),
    { kind: 'rejected', message: 'Bad seed', field: 'seed' },
  ],
  ['400 with error as text', response(400, '{"error":"no"}'), { kind: 'rejected', message: 'no' }],
  [
    '400 of old vLLM',
    response(400, '{"object":"error","message":"no","code":40001}'),
    { kind: 'rejected', message: 'no' },
  ],
  [
    '422 of FastAPI',
    response(422, '{"detail":[{"loc":["body"],"msg":"Field required"}]}'),
    { kind: 'rejected', message: 'Field required' },
  ],
  [
    '400 with HTML',
    response(400, '<html>'),
    { kind: 'rejected', message: 'The engine refused the request and did not say why.' },
  ],
  [
    '400 with a very long message',
    error(400, { message: 'x'.repeat(2000) }),
    { kind: 'rejected', message: `${'x'.repeat(500)}…` },
  ],
];

describe('the status and the body of a refusal', () => {
  for (const [name, answer, expected] of REFUSALS) {
    test(name, async () => assert.deepEqual(await failureOf(answer), expected));
  }

  test('retry-after as a date', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const failure = await failureOf(error(503, {}, { 'retry-after': date }));
    assert.ok(failure !== 'finished' && failure.kind === 'overloaded');
    assert.ok((failure.retryAfterMs ?? 0) > 50_000 && (failure.retryAfterMs ?? 0) <= 60_000);
  });

  test('an error without an end is read no further than it needs', async () => {
    const failure = await failureOf((socket) => {
      socket.write('HTTP/1.1 500 No\r\nconnection: close\r\n\r\n');
      const more = setInterval(() => socket.write('x'.repeat(16_384)), 1);
      socket.on('close', () => clearInterval(more));
    });
    assert.ok(failure !== 'finished' && failure.kind === 'broken' && failure.detail.length < 600);
  });
});

const TOO_LONG: [string, object, number | undefined, number | undefined][] = [
  [
    'OpenAI',
    {
      code: 'context_length_exceeded',
      message:
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    },
    9000,
    8192,
  ],
  [
    'vLLM',
    {
      message:
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
      type: 'BadRequestError',
      code: 400,
    },
    5000,
    4096,
  ],
  [
    'vLLM, newer',
    {
      message:
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 400 input tokens.",
    },
    400,
    4096,
  ],
  [
    'vLLM, newest',
    {
      message:
        "You passed 5000 input tokens and requested 16 output tokens. However, the model's context length is only 4096 tokens.",
    },
    5000,
    4096,
  ],
  [
    'SGLang',
    {
      message: "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    },
    5000,
    4096,
  ],
  [
    'SGLang, with output',
    {
      message:
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000 tokens.",
    },
    5000,
    4096,
  ],
  [
    'llama-server',
    {
      code: 400,
      type: 'exceed_context_size_error',
      message: 'the request exceeds the available context size. try increasing it',
      n_prompt_tokens: 5000,
      n_ctx: 4096,
    },
    5000,
    4096,
  ],
  [
    'llama-server, newer',
    {
      code: 400,
      type: 'exceed_context_size_error',
      message:
        'request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it',
    },
    5000,
    4096,
  ],
  [
    'LM Studio',
    {
      message:
        'Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens.',
    },
    5000,
    4096,
  ],
  ['Anthropic', { message: 'prompt is too long: 5000 tokens > 4096 maximum' }, 5000, 4096],
  ['no numbers', { code: 'context_length_exceeded' }, undefined, undefined],
];

describe('a prompt that does not fit', () => {
  for (const [name, fields, tokens, tokensMax] of TOO_LONG) {
    test(name, async () => {
      const expected = {
        kind: 'context-length',
        ...(tokens !== undefined && { tokens }),
        ...(tokensMax !== undefined && { tokensMax }),
      };
      assert.deepEqual(await failureOf(error(400, fields)), expected);
      assert.deepEqual(
        await failureOf(stream(event({ error: { code: 400, ...fields } })), 'stream'),
        expected,
      );
    });
  }
});

const hello = delta({ content: 'Hel' });
const BROKEN_STREAMS: [string, string, EngineFailure['kind']][] = [
  [
    'an error object',
    stream(hello + event({ error: { message: 'Out of memory', code: 500 } })),
    'broken',
  ],
  [
    'an error object that says overloaded',
    stream(event({ error: { message: 'Busy', code: 503 } })),
    'overloaded',
  ],
  [
    'an error object that blames the request',
    stream(event({ error: { message: 'No', code: 400 } })),
    'rejected',
  ],
  ['an error as text', stream(hello + event({ error: 'oops' })), 'broken'],
  ['an error event', stream(`${hello}event: error\ndata: {"message":"oops"}\n\n`), 'broken'],
  [
    "llama-server's old error line",
    stream('error: {"code":503,"message":"Loading model"}\n\n'),
    'overloaded',
  ],
  ['something that is not JSON', stream(`${hello}data: {"choi\n\n`), 'broken'],
  ['a JSON string', stream('data: "hi"\n\n'), 'broken'],
  ['the end without a finish', stream(hello), 'broken'],
  ['the finish reason abort', stream(hello + delta({}, 'abort')), 'broken'],
  ['nothing at all', stream(''), 'broken'],
  [
    'a connection cut in the middle',
    openStream(hello).replace('connection: close', 'content-length: 999'),
    'unreachable',
  ],
];

describe('a stream that goes wrong', () => {
  for (const [name, answer, kind] of BROKEN_STREAMS) {
    test(name, async () => {
      const failure = await failureOf((socket) => void socket.end(answer), 'stream');
      assert.equal(failure !== 'finished' && failure.kind, kind);
    });
  }

  test('a cut chunk is a cut connection', async () => {
    const head =
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
    const failure = await failureOf((socket) => void socket.end(`${head}ff\r\n${hello}`), 'stream');
    assert.equal(failure !== 'finished' && failure.kind, 'unreachable');
  });
});

describe('a body that is no answer', () => {
  for (const body of ['', 'hello', '[]', 'null', '{}', '{"choices":[]}', '{"choices":7}']) {
    test(JSON.stringify(body), async () => {
      const failure = await failureOf(response(200, body));
      assert.equal(failure !== 'finished' && failure.kind, 'broken');
    });
  }

  test('something that does not speak HTTP', async () => {
    const failure = await failureOf('SSH-2.0-OpenSSH_9.2\r\n\r\n');
    assert.equal(failure !== 'finished' && failure.kind, 'broken');
  });
});

describe('time and connections', () => {
  test('no response within the time allowed', async () => {
    assert.deepEqual(await failureOf(() => undefined, 'whole', { responseTimeoutMs: 100 }), {
      kind: 'timeout',
      afterMs: 100,
    });
  });

  test('a stream that falls silent', async () => {
    const answer = openStream(delta({ content: 'Hel' }));
    const failure = await failureOf((socket) => void socket.write(answer), 'stream', {
      idleTimeoutMs: 100,
    });
    assert.deepEqual(failure, { kind: 'timeout', afterMs: 100 });
  });

  test('nothing listens: unreachable, down at once, and up again once a probe is answered', async () => {
    const placeholder = createServer().listen(0, '127.0.0.1');
    await once(placeholder, 'listening');
    const address = placeholder.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    placeholder.close();
    await once(placeholder, 'close');

    await using engine = new OpenAiCompatibleEngine({
      name: 'upstream',
      baseUrl: `http://127.0.0.1:${port}/v1`,
    });
    const failure = await ask(engine);
    assert.ok(failure !== 'finished' && failure.kind === 'unreachable');
    const state = engine.state();
    assert.ok(state.kind === 'down' && /ECONNREFUSED/.test(state.reason), JSON.stringify(state));

    const probed = Promise.withResolvers<string>();
    const server = createServer((socket) =>
      socket.once('data', (bytes) => {
        socket.end(response(200, '{"data":[]}', { connection: 'close' }));
        probed.resolve(bytes.toString());
      }),
    ).listen(port, '127.0.0.1');
    assert.match(await within(5000, 'the probe', probed.promise), /^GET \/v1\/models /);
    for (let i = 0; i < 200 && engine.state().kind !== 'ready'; i += 1) await sleep(5);
    assert.deepEqual(engine.state(), { kind: 'ready' });
    server.close();
  });

  test('three failures in a row take it down, one good answer brings it back', async () => {
    let broken = true;
    const good = response(200, '{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}');
    await using upstream = await startRawUpstream(
      (socket) => void socket.write(broken ? response(500, '') : good),
    );
    await using engine = new OpenAiCompatibleEngine({
      name: 'upstream',
      baseUrl: upstream.baseUrl,
    });
    for (const expected of ['ready', 'ready', 'down']) {
      await ask(engine);
      assert.equal(engine.state().kind, expected);
    }
    broken = false;
    assert.equal(await ask(engine), 'finished');
    assert.deepEqual(engine.state(), { kind: 'ready' });
  });

  test('a base URL that is none is refused in one sentence', () => {
    assert.throws(
      () => new OpenAiCompatibleEngine({ name: 'a', baseUrl: 'localhost:8000' }),
      /engine "a" is not an http/,
    );
  });
});
