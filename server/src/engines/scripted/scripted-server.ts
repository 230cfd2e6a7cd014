// The scripted engine as an HTTP server that speaks Chat Completions, so that faults cross a real socket: for tests
// of engines/openai-compatible. It listens on the loopback interface only and counts what it is working on.

import type { RawPrompt } from '../../domain/generation/generation.ts';
import { rawText, scriptOfChat, type ChatMessage } from './script-of.ts';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  answerEmbeddings,
  answerTokenizer,
  cutBody,
  errorBody,
  sendError,
  sendFailure,
  sendJson,
} from './server-answers.ts';
import { perform } from './perform.ts';
import type { Beat, Ending } from './perform.ts';
import { countWords, FaultMemory, finishOf } from './script.ts';
import type { Fault, Piece, Script, ScriptedCall } from './script.ts';
import type { ScriptedCounts } from './scripted-engine.ts';

export type ScriptedServer = AsyncDisposable & {
  readonly port: number;
  /** Ends in `/v1`. */
  readonly baseUrl: string;
  counts(): ScriptedCounts & {
    readonly tokensSent: number;
    readonly connections: number;
    /** Questions to its tokenizer. */
    readonly tokenized: number;
  };
  /** The bodies of the latest requests, oldest first. */
  readonly requests: readonly unknown[];
};

const BODY_BYTES_MAX = 32 * 1024 * 1024;
const REQUESTS_KEPT_MAX = 100;

const TOKENIZER = ['/tokenize', '/apply-template'];
const GENERATIONS = ['/v1/chat/completions', '/v1/completions'];

type ChatRequest = {
  readonly model?: string;
  readonly messages?: readonly ChatMessage[];
  /** Of legacy completions. */
  readonly prompt?: RawPrompt;
  readonly stream?: boolean;
  readonly stream_options?: {
    readonly include_usage?: boolean;
    readonly continuous_usage_stats?: boolean;
  };
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
};

const NOTHING_YET = {
  live: 0,
  finished: 0,
  aborted: 0,
  failed: 0,
  tokensSent: 0,
  connections: 0,
  tokenized: 0,
};

type ScriptedServerOptions = {
  readonly port?: number;
  readonly apiKey?: string;
  /** Counts tokens as that server does. */
  readonly tokenizer?: 'vllm' | 'llama-server';
};

export async function startScriptedServer(
  options: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const memory = new FaultMemory();
  const counts = { ...NOTHING_YET };
  const requests: unknown[] = [];

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (
      options.apiKey !== undefined &&
      request.headers.authorization !== `Bearer ${options.apiKey}`
    ) {
      return sendError(response, 401, 'Incorrect API key provided.', 'invalid_api_key');
    }
    if (request.method === 'GET' && request.url === '/v1/models') {
      return sendJson(response, 200, {
        object: 'list',
        data: [{ id: 'scripted', object: 'model' }],
      });
    }
    if (request.method === 'POST' && request.url === '/v1/embeddings') {
      const asked = await readChat(request);
      if (!asked) return sendError(response, 400, 'The body is not JSON.', 'invalid_request');
      requests.push(asked);
      return answerEmbeddings(asked, response);
    }
    if (options.tokenizer !== undefined && TOKENIZER.includes(request.url ?? '')) {
      const asked = await readChat(request);
      counts.tokenized += 1;
      return answerTokenizer(options.tokenizer, request.url, asked ?? {}, response);
    }
    if (request.method !== 'POST' || !GENERATIONS.includes(request.url ?? '')) {
      return sendError(response, 404, 'There is no such route.', 'not_found');
    }
    const chat = await readChat(request);
    if (!chat) return sendError(response, 400, 'The body is not JSON.', 'invalid_request');
    requests.push(chat);
    if (requests.length > REQUESTS_KEPT_MAX) requests.shift();
    counts.live += 1;
    try {
      counts[await new Answer(chat, response, memory, () => (counts.tokensSent += 1)).run()] += 1;
    } finally {
      counts.live -= 1;
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.on('connection', () => (counts.connections += 1));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    counts: () => ({ ...counts }),
    requests,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readChat(request: IncomingMessage): Promise<ChatRequest | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  });
  await once(request, 'end');
  if (bytes > BODY_BYTES_MAX) return undefined;
  try {
    // Only our own tests speak to this server; what a field is not is at worst not read.
    return JSON.parse(Buffer.concat(chunks).toString()) as ChatRequest;
  } catch {
    return undefined;
  }
}

type Outcome = 'finished' | 'aborted' | 'failed';

class Answer {
  readonly #chat: ChatRequest;
  readonly #response: ServerResponse;
  readonly #script: Script;
  readonly #fault: Fault | undefined;
  readonly #left = new AbortController();
  readonly #onToken: () => void;
  readonly #inputTokens: number;
  #reasoningTokens = 0;
  #said = 0;

  constructor(
    chat: ChatRequest,
    response: ServerResponse,
    memory: FaultMemory,
    onToken: () => void,
  ) {
    this.#chat = chat;
    this.#response = response;
    this.#onToken = onToken;
    const { prompt = '' } = chat;
    const messages = chat.messages ?? [{ role: 'user', content: rawText(prompt) }];
    this.#script = scriptOfChat(messages);
    this.#fault = memory.next(this.#script);
    this.#inputTokens =
      typeof prompt === 'string'
        ? messages.reduce((sum, { content }) => sum + countWords(content ?? ''), 0)
        : prompt.length;
    response.on('close', () => {
      if (!response.writableFinished) this.#left.abort();
    });
  }

  run(): Promise<Outcome> {
    const play = {
      script: this.#script,
      fault: this.#fault,
      outputTokensMax:
        this.#chat.max_completion_tokens ?? this.#chat.max_tokens ?? Number.POSITIVE_INFINITY,
    };
    const beats = perform(play, this.#left.signal);
    return this.#chat.stream === true ? this.#stream(beats) : this.#whole(beats);
  }

  async #stream(beats: AsyncIterable<Beat>): Promise<Outcome> {
    let events = '';
    for await (const beat of beats) {
      if (beat.kind === 'end') return this.#endStream(beat.how, events);
      if (beat.kind === 'turn') {
        if (events === '') continue;
        this.#begin();
        if (!this.#response.write(events)) await this.#drained();
        events = '';
      } else {
        if (this.#said === 0) events += this.#event({ role: 'assistant', content: '' }, null);
        this.#count(beat);
        events += this.#event(deltaOf(beat), null);
      }
    }
    return 'aborted';
  }

  async #endStream(how: Ending, rest: string): Promise<Outcome> {
    if (how === 'stopped') return 'aborted';
    if (how === 'fault' && this.#fault?.kind === 'fail') {
      sendFailure(this.#response, this.#fault.how);
      return 'failed';
    }
    this.#begin();
    if (how === 'fault' && this.#fault?.kind === 'error') {
      const error = JSON.stringify(errorBody('It failed by its script.', 'scripted', 500));
      this.#response.end(`${rest}data: ${error}\n\n`);
      return 'failed';
    }
    if (how === 'fault') return this.#cut(rest);
    let events = rest + this.#event({}, this.#finishReason(how));
    const usage = this.#chat.stream_options?.include_usage === true ? this.#usage(true) : undefined;
    if (usage) events += `data: ${JSON.stringify({ ...CHUNK, choices: [], usage })}\n\n`;
    this.#response.end(`${events}data: [DONE]\n\n`);
    return this.#sent();
  }

  async #cut(rest: string): Promise<'failed'> {
    // What was said must be on its way before the connection breaks.
    const sent = Promise.withResolvers<void>();
    this.#response.write(rest === '' ? ':\n\n' : rest, () => sent.resolve());
    await sent.promise;
    await sleep(5);
    this.#response.socket?.resetAndDestroy();
    return 'failed';
  }

  async #whole(beats: AsyncIterable<Beat>): Promise<Outcome> {
    const said: Said = { content: '', reasoning: '', calls: [] };
    for await (const beat of beats) {
      if (beat.kind === 'end') return this.#endWhole(beat.how, said);
      if (beat.kind === 'turn') continue;
      this.#count(beat);
      if (beat.kind === 'text') said.content += beat.text;
      else if (beat.kind === 'reasoning') said.reasoning += beat.text;
      else if (beat.kind === 'call-start') said.calls.push({ name: beat.name, arguments: '' });
      else lengthen(said.calls.at(-1), beat.text);
    }
    return 'aborted';
  }

  async #endWhole(how: Ending, said: Said): Promise<Outcome> {
    if (how === 'stopped') return 'aborted';
    if (how === 'fault') {
      if (this.#fault?.kind === 'cut') cutBody(this.#response);
      else sendFailure(this.#response, this.#fault?.kind === 'fail' ? this.#fault.how : 500);
      return 'failed';
    }
    const usage = this.#usage(true);
    const calls = said.calls.map((call, index) => ({
      id: callId(index),
      type: 'function',
      function: call,
    }));
    const message = {
      role: 'assistant',
      content: said.content === '' ? null : said.content,
      ...(said.reasoning !== '' && { reasoning_content: said.reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    sendJson(this.#response, 200, {
      ...CHUNK,
      object: 'chat.completion',
      choices: [this.#choice({ message }, this.#finishReason(how))],
      ...(usage && { usage }),
    });
    return this.#sent();
  }

  #begin(): void {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  }

  #count(piece: Piece): void {
    this.#said += 1;
    if (piece.kind === 'reasoning') this.#reasoningTokens += 1;
    this.#onToken();
  }

  #event(delta: object, finishReason: string | null): string {
    const stats = this.#chat.stream_options?.continuous_usage_stats === true;
    const usage = stats || this.#script.usage === 'shrinking' ? this.#usage(false) : undefined;
    const choices = [this.#choice({ delta }, finishReason)];
    return `data: ${JSON.stringify({ ...CHUNK, choices, ...(usage && { usage }) })}\n\n`;
  }

  /** A chat has a message in it, a legacy completion the text itself. */
  #choice(said: { readonly [field: string]: object }, finishReason: string | null): object {
    const common = { index: 0, finish_reason: finishReason };
    if (this.#chat.prompt === undefined) return { ...common, ...said };
    const [one = {}] = Object.values(said);
    return { ...common, text: 'content' in one ? (one.content ?? '') : '' };
  }

  #usage(final: boolean): object | undefined {
    const { usage } = this.#script;
    if (usage === 'none') return undefined;
    let completion = this.#said;
    if (final && usage === 'shrinking') completion = Math.floor(completion / 2);
    if (final && usage === 'negative') completion = -5;
    if (final && usage === 'huge') completion = Number.MAX_SAFE_INTEGER;
    return {
      prompt_tokens: this.#inputTokens,
      completion_tokens: completion,
      total_tokens: this.#inputTokens + completion,
      ...(final && { completion_tokens_details: { reasoning_tokens: this.#reasoningTokens } }),
    };
  }

  #finishReason(how: Ending): string {
    return finishOf(this.#script, how === 'complete').replaceAll('-', '_');
  }

  /** Whether the client took the whole answer. */
  async #sent(): Promise<'finished' | 'aborted'> {
    if (!this.#response.writableFinished && !this.#response.destroyed) {
      await Promise.race([once(this.#response, 'finish'), once(this.#response, 'close')]);
    }
    return this.#response.writableFinished ? 'finished' : 'aborted';
  }

  async #drained(): Promise<void> {
    if (this.#left.signal.aborted) return;
    await once(this.#response, 'drain', { signal: this.#left.signal }).catch(() => undefined);
  }
}

type Growing<T> = { -readonly [member in keyof T]: T[member] };
type Said = { content: string; reasoning: string; readonly calls: Growing<ScriptedCall>[] };

function lengthen(call: Growing<ScriptedCall> | undefined, text: string): void {
  if (call !== undefined) call.arguments += text;
}

const CHUNK = {
  id: 'chatcmpl-scripted',
  object: 'chat.completion.chunk',
  created: 0,
  model: 'scripted',
};

function callId(index: number): string {
  return `call_scripted_${index}`;
}

function deltaOf(piece: Piece): object {
  switch (piece.kind) {
    case 'text':
      return { content: piece.text };
    case 'reasoning':
      return { reasoning_content: piece.text };
    case 'call-start':
      return {
        tool_calls: [
          {
            index: piece.index,
            id: callId(piece.index),
            type: 'function',
            function: { name: piece.name, arguments: '' },
          },
        ],
      };
    case 'call-arguments':
      return { tool_calls: [{ index: piece.index, function: { arguments: piece.text } }] };
  }
}
