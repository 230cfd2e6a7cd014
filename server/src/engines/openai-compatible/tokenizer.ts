// How many tokens a prompt has, asked of the server's own tokenizer before anything is generated: vLLM's `POST /tokenize`
// takes the messages themselves, llama-server's `POST /apply-template` makes a text of them that its `/tokenize` counts. Which of
// the two a server has, the first question finds out, unless the configuration says it. A server with neither can't tell.
//
// Sources: vLLM, vllm/entrypoints/openai/protocol.py (TokenizeChatRequest, TokenizeResponse); llama.cpp,
// tools/server/README.md (POST /tokenize, POST /apply-template).

import { mediaIn } from '../../domain/generation/capabilities.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import { itemText, type Generation } from '../../domain/generation/generation.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { CountQuestion } from '../../ports/engine.ts';
import { textOf, type Upstream } from './embedding-exchange.ts';
import { failureOfResponse } from './failure-reader.ts';
import { isObject, parseJson } from './json.ts';
import { messagesOf } from './messages.ts';
import type { OpenAiCompatibleOptions } from './options.ts';
import { wireTools } from './request-body.ts';

/** Longer prompts are not counted: reading and writing them would be felt by others. */
const PROMPT_CHARACTERS_MAX = 4 * 1024 * 1024;
/** Every token as a number, of such a prompt. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
const QUESTION_TIMEOUT_MS = 20_000;
/** A server that had no tokenizer may be another one by now. */
const ASK_AGAIN_MS = 300_000;

type Kind = 'vllm' | 'llama-server' | 'none';
type Counted = Result<number, EngineFailure>;
type Asked = Result<{ readonly status: number; readonly json: unknown }, EngineFailure>;

const CANNOT: Counted = err({
  kind: 'unsupported',
  feature: 'counting tokens before a request',
  field: 'model',
});
/** There is no such address, or it takes something else. */
const NO_TOKENIZER = new Set([404, 405, 422, 501]);

export class Tokenizer {
  readonly #upstream: Upstream;
  readonly #options: OpenAiCompatibleOptions;
  #kind: Kind | undefined;
  #askAgainAtMs = Number.POSITIVE_INFINITY;
  /** The first question, that the others wait for: after it all know which way to ask. */
  #finding: Promise<Counted> | undefined;

  constructor(upstream: Upstream, options: OpenAiCompatibleOptions) {
    const root = upstream.path.replace(/\/v\d+$/, '');
    this.#upstream = { ...upstream, path: root };
    this.#options = options;
    this.#kind = options.tokenizer;
  }

  async count(question: CountQuestion, signal: AbortSignal): Promise<Counted> {
    if (!isCountable(question.generation)) return CANNOT;
    const [raw] = question.generation.rawPrompts ?? [];
    if (raw !== undefined && typeof raw !== 'string') return ok(raw.length);
    if (performance.now() > this.#askAgainAtMs) this.#forget();
    if (this.#kind !== undefined) return await this.#countBy(this.#kind, question, signal);
    if (this.#finding === undefined) {
      this.#finding = this.#find(question, signal).finally(() => (this.#finding = undefined));
      return await this.#finding;
    }
    await this.#finding;
    // Where the first question failed, each asks for itself.
    return this.#kind === undefined
      ? await this.#find(question, signal)
      : await this.#countBy(this.#kind, question, signal);
  }

  #forget(): void {
    this.#kind = undefined;
    this.#askAgainAtMs = Number.POSITIVE_INFINITY;
  }

  /** llama-server passes over what it does not know, and counts nothing. */
  async #find(question: CountQuestion, signal: AbortSignal): Promise<Counted> {
    const asked = await this.#post('/tokenize', this.#promptOf(question), signal);
    if (!asked.ok) return asked;
    const { status, json } = asked.value;
    const isAnswer = status < 300 && isObject(json);
    if (isAnswer && typeof json['count'] === 'number') this.#kind = 'vllm';
    else if (isAnswer && Array.isArray(json['tokens'])) this.#kind = 'llama-server';
    else if (status < 300 || NO_TOKENIZER.has(status)) {
      this.#kind = 'none';
      this.#askAgainAtMs = performance.now() + ASK_AGAIN_MS;
    }
    if (this.#kind === 'llama-server') return await this.#countBy(this.#kind, question, signal);
    return isAnswer ? countIn(json['count']) : failureOf(status);
  }

  async #countBy(kind: Kind, question: CountQuestion, signal: AbortSignal): Promise<Counted> {
    if (kind === 'none') return CANNOT;
    if (kind === 'llama-server') return await this.#countInTwoSteps(question, signal);
    const asked = await this.#post('/tokenize', this.#promptOf(question), signal);
    if (!asked.ok) return asked;
    const { status, json } = asked.value;
    return isObject(json) && status < 300 ? countIn(json['count']) : failureOf(status);
  }

  async #countInTwoSteps(question: CountQuestion, signal: AbortSignal): Promise<Counted> {
    const [raw] = question.generation.rawPrompts ?? [];
    let content: unknown = raw;
    if (raw === undefined) {
      const templated = await this.#post('/apply-template', this.#promptOf(question), signal);
      if (!templated.ok) return templated;
      const { status, json } = templated.value;
      content = isObject(json) && status < 300 ? json['prompt'] : undefined;
      if (typeof content !== 'string') return failureOf(status);
    }
    const body = { content, add_special: true, parse_special: true };
    const asked = await this.#post('/tokenize', body, signal);
    if (!asked.ok) return asked;
    const { status, json } = asked.value;
    const tokens = isObject(json) && status < 300 ? json['tokens'] : undefined;
    return Array.isArray(tokens) ? countIn(tokens.length) : failureOf(status);
  }

  /** As the request itself would have it. */
  #promptOf({ engineModel: model, generation }: CountQuestion): object {
    const [raw] = generation.rawPrompts ?? [];
    if (raw !== undefined) return { model, prompt: raw };
    const messages = messagesOf(generation.items, this.#options);
    const tools = generation.tools.length > 0 ? wireTools(generation, this.#options) : undefined;
    return { model, messages, tools, add_generation_prompt: true };
  }

  async #post(path: string, body: object, signal: AbortSignal): Promise<Asked> {
    const { pool, path: root, headers } = this.#upstream;
    if (signal.aborted) return err({ kind: 'aborted' });
    try {
      const response = await pool.request({
        path: root + path,
        method: 'POST',
        headers: [...headers],
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(QUESTION_TIMEOUT_MS)]),
      });
      const text = await textOf(response.body, ANSWER_BYTES_MAX);
      const { statusCode: status } = response;
      const isBusy = status === 429 || status >= 500;
      if (isBusy && !NO_TOKENIZER.has(status)) {
        return err(failureOfResponse(status, response.headers, text ?? '', Date.now()));
      }
      return ok({ status, json: parseJson(text ?? '') });
    } catch (error) {
      if (signal.aborted) return err({ kind: 'aborted' });
      const problem = error instanceof Error ? error : new Error(String(error));
      if (problem.name === 'TimeoutError') {
        return err({ kind: 'timeout', afterMs: QUESTION_TIMEOUT_MS });
      }
      return err(this.#upstream.failureOf(problem));
    }
  }
}

/** What stands for an image in a text is not what it costs. */
function isCountable({ items, rawPrompts = [] }: Generation): boolean {
  let characters = 0;
  for (const item of items) characters += itemText(item).length;
  for (const prompt of rawPrompts) characters += prompt.length;
  return characters <= PROMPT_CHARACTERS_MAX && mediaIn(items).length === 0;
}

function countIn(count: unknown): Counted {
  const isCount = typeof count === 'number' && Number.isSafeInteger(count) && count > 0;
  return isCount ? ok(count) : CANNOT;
}

/** A template may refuse messages that it would also refuse later: what they cost is not known. */
function failureOf(status: number): Counted {
  if (status !== 401 && status !== 403) return CANNOT;
  return err({ kind: 'broken', detail: `Its tokenizer answers ${status}: check the API key.` });
}
