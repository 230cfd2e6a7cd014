// One streamed reply of the scripted upstream: head and first token, then a token per beat, then usage and the end.

import type { Socket } from 'node:net';
import { BENCH_MODEL, monotonicUs, TOKEN_LENGTH, tokenText } from '../wire/token-frame.ts';
import type { Paced } from './pacer.ts';
import type { Script } from './script.ts';

/** What every reply claims to have read, so that a metered contender prices something. */
const PROMPT_TOKENS = 230;

const CHUNK_OPEN = `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"${BENCH_MODEL}","choices":[`;
const DELTA_OPEN = `${CHUNK_OPEN}{"index":0,"delta":{"content":"`;
const DELTA_CLOSE = `"},"finish_reason":null}]}\n\n`;
const TOKEN_SIZE = (DELTA_OPEN.length + TOKEN_LENGTH + DELTA_CLOSE.length).toString(16);

const HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n';
const ROLE = chunk(
  `${CHUNK_OPEN}{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n`,
);
const FINISH = chunk(`${CHUNK_OPEN}{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`);
const DONE = `${chunk('data: [DONE]\n\n')}0\r\n\r\n`;

export class Generation implements Paced {
  readonly #socket: Socket;
  readonly #script: Script;
  readonly #includeUsage: boolean;
  readonly #onFinish: () => void;
  #startMs = 0;
  #written = 0;

  constructor(socket: Socket, script: Script, includeUsage: boolean, onFinish: () => void) {
    this.#socket = socket;
    this.#script = script;
    this.#includeUsage = includeUsage;
    this.#onFinish = onFinish;
  }

  /** Writes what is due and returns when the next token is. */
  wake(nowMs: number): number | undefined {
    if (this.#socket.destroyed) return undefined;
    if (this.#written === 0) this.#startMs = nowMs;
    const { tokens, tokensPerSecond } = this.#script;
    const due = tokensPerSecond === 0 ? tokens : this.#written + 1;
    let text = this.#written === 0 ? HEAD + ROLE : '';
    for (; this.#written < due; this.#written += 1) text += tokenChunk();
    if (this.#written < tokens) {
      this.#socket.write(text, 'latin1');
      return this.#startMs + (this.#written * 1000) / tokensPerSecond;
    }
    this.#socket.write(text + this.#ending(), 'latin1');
    this.#onFinish();
    return undefined;
  }

  #ending(): string {
    return FINISH + (this.#includeUsage ? usageChunk(this.#written) : '') + DONE;
  }
}

function tokenChunk(): string {
  return `${TOKEN_SIZE}\r\n${DELTA_OPEN}${tokenText(monotonicUs())}${DELTA_CLOSE}\r\n`;
}

function usageChunk(tokens: number): string {
  return chunk(`${CHUNK_OPEN}],"usage":${usageJson(tokens)}}\n\n`);
}

/** OpenAI's usage object; the totals add up. */
export function usageJson(tokens: number): string {
  return `{"prompt_tokens":${PROMPT_TOKENS},"completion_tokens":${tokens},"total_tokens":${PROMPT_TOKENS + tokens}}`;
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
