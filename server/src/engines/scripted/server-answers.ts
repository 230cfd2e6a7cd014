// What the scripted server sends besides generations: vectors, errors, and half a body.

import type { ServerResponse } from 'node:http';

import type { EmbeddingInput } from '../../domain/embedding/embedding.ts';
import type { RawPrompt } from '../../domain/generation/generation.ts';
import { embedByRule } from './embed.ts';
import { countWords, readScript } from './script.ts';
import type { ScriptedFailure } from './script.ts';

type EmbeddingRequest = {
  readonly model?: string;
  readonly input?: readonly EmbeddingInput[];
  readonly dimensions?: number;
};

/** Backwards, so that a reader must look at the index. */
export function answerEmbeddings(asked: EmbeddingRequest, response: ServerResponse): void {
  const { input: inputs = [], dimensions } = asked;
  const { fault } = readScript(typeof inputs[0] === 'string' ? inputs[0] : '');
  if (fault?.kind === 'fail') return sendFailure(response, fault.how);
  if (fault?.kind === 'cut') return cutBody(response);
  const embedded = embedByRule({ inputs, ...(dimensions !== undefined && { dimensions }) });
  const data = embedded.vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    // Servers differ in whether they make them of length 1.
    embedding: Array.from(vector, (value) => 3 * value),
  }));
  const usage = { prompt_tokens: embedded.inputTokens, total_tokens: embedded.inputTokens };
  sendJson(response, 200, { object: 'list', data: data.toReversed(), model: asked.model, usage });
}

type TokenizerQuestion = {
  readonly messages?: readonly { readonly content?: string | null }[];
  /** As it is: a text or token numbers, of vLLM … */
  readonly prompt?: RawPrompt;
  /** … and of llama-server. */
  readonly content?: string;
};

/** A word is a token, as for what it generates. */
export function answerTokenizer(
  kind: 'vllm' | 'llama-server',
  path: string | undefined,
  { messages = [], prompt, content }: TokenizerQuestion,
  response: ServerResponse,
): void {
  const texts = messages.map((message) => message.content ?? '');
  if (path === '/apply-template') {
    if (kind === 'vllm') return sendError(response, 404, 'There is no such route.', 'not_found');
    return sendJson(response, 200, { prompt: texts.join('\n') });
  }
  const counted = [kind === 'vllm' ? (prompt ?? texts) : (content ?? '')].flat();
  const count = counted.reduce<number>((sum, text) => sum + tokensIn(text), 0);
  const tokens = Array.from({ length: count }, (_, token) => token);
  sendJson(response, 200, kind === 'vllm' ? { count, max_model_len: 4_096, tokens } : { tokens });
}

function tokensIn(text: string | number): number {
  if (typeof text === 'number') return 1;
  return text === '' ? 0 : countWords(text);
}

/** Half a body, and then the connection breaks. */
export function cutBody(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
  response.write('{"object":"chat.completion","cho', () => response.destroy());
}

export function sendFailure(response: ServerResponse, how: ScriptedFailure): void {
  if (how === 'context') {
    const message =
      "This model's maximum context length is 4096 tokens. However, your messages resulted in 4097 tokens.";
    return sendError(response, 400, message, 'context_length_exceeded');
  }
  if (how === 429 || how === 503) response.setHeader('retry-after', '1');
  sendError(response, how, `The script answers ${how}.`, 'scripted');
}

export function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  code: string,
): void {
  sendJson(response, status, errorBody(message, code, status));
}

export function errorBody(message: string, code: string, status: number): object {
  return {
    error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', code },
  };
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
  });
  response.end(json);
}
