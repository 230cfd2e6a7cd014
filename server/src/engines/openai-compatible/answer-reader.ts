// Turns Chat Completions chunks, or one whole completion, into Parts. Lenient: servers leave out, repeat and misname
// things, and none of it may cost a customer the answer. README.md says what is tolerated.

import type { Ticket } from '../../domain/admission/ticket.ts';
import { CustomCallReader, customToolNames } from '../../domain/generation/custom-tools.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { TokenLogprob } from '../../domain/generation/logprobs.ts';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import { failureOfErrorObject } from './failure-reader.ts';
import { isObject, objectOf, textOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { readLogprobs } from './logprob-reader.ts';
import { ToolCallReader } from './tool-call-reader.ts';
import { UsageMeter } from './usage-meter.ts';

export class AnswerReader {
  readonly #meter: UsageMeter;
  readonly #calls: ToolCallReader;
  /** For the custom tools that the server knows as functions; a call of its own kind passes as it is. */
  readonly #customCalls: CustomCallReader;
  readonly #stops: readonly string[];
  readonly #isParallel: boolean;
  readonly #wantsLogprobs: boolean;
  /** Of tokens whose text has not come yet. */
  readonly #logprobs: TokenLogprob[] = [];
  /** As the server wrote it, once it wrote one: from then on the answer is complete. */
  #reason: string | undefined;
  /** The stop string that ended the answer, where the server says which. */
  #stop: string | undefined;

  constructor({ requestId, outputTokensMax, generation }: Ticket) {
    this.#meter = new UsageMeter(outputTokensMax);
    this.#calls = new ToolCallReader(requestId);
    this.#customCalls = new CustomCallReader(customToolNames(generation));
    this.#stops = generation.sampling.stop;
    this.#isParallel = generation.parallelToolCalls;
    this.#wantsLogprobs = generation.logprobs !== undefined;
  }

  /** Everything but the ending was heard. */
  get isComplete(): boolean {
    return this.#reason !== undefined;
  }

  /** One chunk of a stream; what it says is added to `parts`. */
  chunk(json: unknown, parts: Part[]): EngineFailure | undefined {
    return this.#read(json, 'delta', parts);
  }

  /** A completion in one body. */
  whole(json: unknown, parts: Part[]): EngineFailure | undefined {
    const failure = this.#read(json, 'message', parts);
    if (failure) return failure;
    const said = isObject(json) && Array.isArray(json['choices']) && json['choices'].length > 0;
    return said ? undefined : { kind: 'broken', detail: 'Its answer has no choices.' };
  }

  /** Usage as of now, if it grew. */
  running(parts: Part[]): void {
    const usage = this.#meter.running();
    if (usage) parts.push(usage);
  }

  finish(parts: Part[]): void {
    const ended: Part[] = [];
    const unsound = this.#calls.end(ended);
    this.#tellCalls(ended, parts);
    if (unsound) return this.fail(unsound, parts);
    const reason = this.#finishReason();
    if (typeof reason !== 'string') return this.fail(reason, parts);
    // A server may also name an end of the model's own.
    const stop = this.#stops.find((asked) => asked === this.#stop);
    const known = reason === 'stop' && stop !== undefined;
    parts.push(this.#meter.final(), {
      kind: 'finish',
      reason,
      ...(known && { stopSequence: stop }),
    });
  }

  /** What was produced before the failure is counted; who pays for it is not decided here. */
  fail(failure: EngineFailure, parts: Part[]): void {
    if (!this.#meter.isEmpty) parts.push(this.#meter.final());
    parts.push({ kind: 'failure', failure });
  }

  #read(json: unknown, field: 'delta' | 'message', parts: Part[]): EngineFailure | undefined {
    if (!isObject(json))
      return { kind: 'broken', detail: 'It sent something that is not a JSON object.' };
    const error = json['object'] === 'error' ? json : json['error'];
    if (error) return failureOfErrorObject(error);
    const choices = json['choices'];
    const choice = Array.isArray(choices) ? objectOf(choices[0]) : undefined;
    let failure: EngineFailure | undefined;
    if (choice) {
      const said = choice[field];
      if (this.#wantsLogprobs) this.#logprobs.push(...readLogprobs(choice['logprobs']));
      // Legacy completions have the text itself in the choice.
      const { text } = choice;
      if (isObject(said)) failure = this.#said(said, parts);
      else if (typeof text === 'string') failure = this.#said({ content: text }, parts);
      this.#reason = textOf(choice['finish_reason']) ?? this.#reason;
      // vLLM's name and SGLang's; a number there is a token.
      this.#stop = textOf(choice['stop_reason']) ?? textOf(choice['matched_stop']) ?? this.#stop;
    }
    // After the content, so that a count of reasoning is not taken for one of text.
    const usage = json['usage'];
    if (isObject(usage)) this.#meter.report(usage);
    else if (isObject(json['timings'])) this.#meter.reportTimings(json['timings']);
    return failure;
  }

  #said(said: JsonObject, parts: Part[]): EngineFailure | undefined {
    const reasoning = textOf(said['reasoning_content']) ?? textOf(said['reasoning']);
    if (reasoning !== undefined) {
      this.#meter.countReasoning();
      parts.push({ kind: 'reasoning-delta', text: reasoning });
    }
    const content = said['content'];
    const text = typeof content === 'string' ? content : joined(content);
    if (text !== '') {
      this.#meter.countText();
      const logprobs = this.#logprobs.splice(0);
      parts.push({ kind: 'text-delta', text, ...(logprobs.length > 0 && { logprobs }) });
    }
    const refusal = textOf(said['refusal']);
    if (refusal !== undefined) {
      this.#meter.countText();
      parts.push({ kind: 'refusal-delta', text: refusal });
    }
    const calls = said['tool_calls'];
    if (!Array.isArray(calls)) return undefined;
    const heard: Part[] = [];
    const failure = this.#calls.read(calls, heard);
    if (heard.length > 0) this.#meter.countText();
    this.#tellCalls(heard, parts);
    return failure;
  }

  /** Some servers call several tools although one was asked for: the first of them is the answer. */
  #tellCalls(heard: readonly Part[], parts: Part[]): void {
    const told = this.#isParallel
      ? heard
      : heard.filter((part) => !('index' in part) || part.index === 0);
    parts.push(...this.#customCalls.read(told));
  }

  #finishReason(): FinishReason | EngineFailure {
    switch (this.#reason) {
      case 'length':
      case 'max_tokens':
      case 'model_length':
        return 'length';
      case 'content_filter':
        return 'content-filter';
      case 'abort':
      case 'error':
        return { kind: 'broken', detail: `It ended the answer with the reason "${this.#reason}".` };
      case 'insufficient_system_resource':
        return { kind: 'overloaded' };
      default:
        // `stop` with tool calls is what OpenAI itself says when the call was forced.
        return this.#calls.count > 0 ? 'tool-calls' : 'stop';
    }
  }
}

/** Content as a list of parts, as Mistral sends it. */
function joined(content: unknown): string {
  if (!Array.isArray(content)) return '';
  return content.map((part) => textOf(objectOf(part)?.['text']) ?? '').join('');
}
