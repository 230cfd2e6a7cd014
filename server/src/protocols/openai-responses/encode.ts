// Parts → Responses, streamed or whole. What differs per token is glued between texts made once per content part.

import type { TokenLogprob } from '../../domain/generation/logprobs.ts';
import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE, type Usage } from '../../domain/generation/usage.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { AnswerFacts, AnswerRecord, Encoder, Ending } from '../protocol.ts';
import type { Echo } from './echo.ts';
import {
  contentOf,
  OutputItems,
  type CallItem,
  type ContentPart,
  type ItemRules,
  type Listener,
  type OutputItem,
  type SpokenItem,
} from './output-items.ts';
import { errorOf, failedError } from './refuse.ts';
import { hexOf, ResponseObject, statusOf, type Outcome } from './response-object.ts';

/** What the answer needs of its request. */
export type Asked = { readonly echo: Echo; readonly rules: ItemRules };

export function responsesEncoder(facts: AnswerFacts, asked: Asked): Encoder {
  return facts.delivery === 'stream'
    ? new StreamEncoder(facts, asked)
    : new WholeEncoder(facts, asked);
}

const EVENT_OF = {
  output_text: 'response.output_text',
  refusal: 'response.refusal',
  reasoning_text: 'response.reasoning_text',
} as const;

/** As the specification of Open Responses calls them, which OpenAI's clients do not know. */
const OPEN_RESPONSES_EVENT_OF = { ...EVENT_OF, reasoning_text: 'response.reasoning' } as const;

const CALL_EVENT_OF = {
  function_call: 'response.function_call_arguments',
  custom_tool_call: 'response.custom_tool_call_input',
} as const;

class StreamEncoder implements Encoder, Listener {
  readonly contentType = 'text/event-stream; charset=utf-8';
  readonly heartbeat = ': ping\n\n';
  readonly #response: ResponseObject;
  readonly #output: OutputItems;
  readonly #background: boolean;
  readonly #eventOf: { readonly [type in ContentPart['type']]: string };
  #usage = NO_USAGE;
  #text = '';
  #events = 0;
  /** Around the delta of the content part that is being said. */
  #deltaTail = '';

  constructor(facts: AnswerFacts, { echo, rules }: Asked) {
    this.#response = new ResponseObject(facts, echo);
    this.#background = echo.background;
    this.#eventOf = facts.reasoning === 'open-responses' ? OPEN_RESPONSES_EVENT_OF : EVENT_OF;
    this.#output = new OutputItems(hexOf(facts), rules, this);
  }

  parts(parts: readonly Part[]): string {
    for (const part of parts) {
      if (part.kind === 'usage') this.#usage = part.usage;
      else this.#output.take(part);
    }
    return this.#taken();
  }

  broken(refusal: Refusal | undefined): AnswerRecord {
    this.#output.abandon();
    return this.#response.record(this.#output.json(), brokenOff(refusal, this.#usage));
  }

  /** There is no event for it: it ends like an incomplete one, and its status says what it is. */
  cancel(): string {
    this.#open();
    this.#output.abandon();
    const response = this.#response.json(this.#output.json(), brokenOff(undefined, this.#usage));
    this.#event('response.incomplete', `"response":${response}}`);
    return this.#taken();
  }

  record(ending: Ending): AnswerRecord {
    this.#open();
    this.#output.finish(ending.reason);
    return this.#response.record(this.#output.record(), { kind: 'finished', ...ending });
  }

  finish(ending: Ending): string {
    this.#open();
    this.#output.finish(ending.reason);
    return this.#end({ kind: 'finished', ...ending });
  }

  /** OpenAI's types have the error's fields in the event itself, its servers send them nested: both. */
  fail(refusal: Refusal): string {
    this.#open();
    const { type, code, message, param } = errorOf(refusal);
    const nested = { type, code, message, param };
    this.#event('error', JSON.stringify({ error: nested, code, message, param }).slice(1));
    this.#output.abandon();
    return this.#end({ kind: 'failed', error: failedError(refusal) });
  }

  itemAdded(item: OutputItem): void {
    this.#open();
    this.#itemEvent('response.output_item.added', item);
  }

  partAdded(item: SpokenItem, part: ContentPart): void {
    const spot = spotOf(item);
    this.#deltaTail = `,${spot}`;
    this.#event(
      'response.content_part.added',
      `${spot},"part":${JSON.stringify(contentOf(part))}}`,
    );
  }

  textDelta(
    _item: SpokenItem,
    part: ContentPart,
    delta: string,
    logprobs: readonly TokenLogprob[],
  ): void {
    const scores = part.type === 'output_text' ? scoresJson(logprobs) : '';
    const json = `"delta":${JSON.stringify(delta)}${this.#deltaTail}${scores}}`;
    this.#event(`${this.#eventOf[part.type]}.delta`, json);
  }

  callDelta(item: CallItem, delta: string): void {
    const json = `${placeOf(item)},"delta":${JSON.stringify(delta)}}`;
    this.#event(`${CALL_EVENT_OF[item.type]}.delta`, json);
  }

  partDone(item: SpokenItem, part: ContentPart): void {
    const spot = spotOf(item);
    const field = part.type === 'refusal' ? 'refusal' : 'text';
    const logprobs = part.type === 'output_text' ? scoresJson(part.logprobs) : '';
    const said = `"${field}":${JSON.stringify(part.text)}`;
    this.#event(`${this.#eventOf[part.type]}.done`, `${spot},${said}${logprobs}}`);
    this.#event('response.content_part.done', `${spot},"part":${JSON.stringify(contentOf(part))}}`);
  }

  callDone(item: CallItem): void {
    const { name, said } = item;
    const all =
      item.type === 'function_call' ? { name: name.name, arguments: said } : { input: said };
    const json = `${placeOf(item)},${JSON.stringify(all).slice(1)}`;
    this.#event(`${CALL_EVENT_OF[item.type]}.done`, json);
  }

  itemDone(item: OutputItem): void {
    this.#itemEvent('response.output_item.done', item);
  }

  /** Before anything else: the response as it stands, which is empty. */
  #open(): void {
    if (this.#events > 0) return;
    const response = `"response":${this.#response.json('[]')}}`;
    if (this.#background) {
      const queued = `"response":${this.#response.json('[]', { kind: 'queued' })}}`;
      this.#event('response.created', queued);
      this.#event('response.queued', queued);
    } else {
      this.#event('response.created', response);
    }
    this.#event('response.in_progress', response);
  }

  #end(outcome: Outcome): string {
    const response = this.#response.json(this.#output.json(), outcome);
    this.#event(`response.${statusOf(outcome)}`, `"response":${response}}`);
    return `${this.#taken()}data: [DONE]\n\n`;
  }

  #itemEvent(type: string, item: OutputItem): void {
    this.#event(type, `"output_index":${item.index},"item":${this.#output.jsonOf(item)}}`);
  }

  /** `rest` is the event's JSON after its first two fields. */
  #event(type: string, rest: string): void {
    this.#text += eventText(type, this.#events++, rest);
  }

  #taken(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

function eventText(type: string, number: number, rest: string): string {
  return `event: ${type}\ndata: {"type":"${type}","sequence_number":${number},${rest}\n\n`;
}

function placeOf({ id, index }: OutputItem): string {
  return `"item_id":"${id}","output_index":${index}`;
}

/** Only the last content part of an item is ever spoken of. */
function spotOf(item: SpokenItem): string {
  return `${placeOf(item)},"content_index":${item.content.length - 1}`;
}

/** The stream of a request that asks for nothing to be generated: a response with an id to go on from. */
export class WarmUpEncoder implements Encoder {
  readonly contentType = 'text/event-stream; charset=utf-8';
  readonly heartbeat = '';
  readonly #response: ResponseObject;

  constructor(facts: AnswerFacts, echo: Echo) {
    this.#response = new ResponseObject(facts, echo);
  }

  parts(): string {
    return '';
  }

  record(ending: Ending): AnswerRecord {
    return this.#response.record('[]', { kind: 'finished', ...ending });
  }

  finish(ending: Ending): string {
    const before = `"response":${this.#response.json('[]')}}`;
    const after = `"response":${this.#response.json('[]', { kind: 'finished', ...ending })}}`;
    return eventText('response.created', 0, before) + eventText('response.completed', 1, after);
  }

  fail(refusal: Refusal): string {
    return JSON.stringify({ error: errorOf(refusal) });
  }
}

/** Without a refusal it was cancelled. */
function brokenOff(refusal: Refusal | undefined, usage: Usage): Outcome {
  return refusal === undefined
    ? { kind: 'cancelled', usage }
    : { kind: 'failed', error: failedError(refusal) };
}

class WholeEncoder implements Encoder {
  readonly contentType = 'application/json';
  readonly heartbeat = '';
  readonly #response: ResponseObject;
  readonly #output: OutputItems;
  #usage = NO_USAGE;

  constructor(facts: AnswerFacts, { echo, rules }: Asked) {
    this.#response = new ResponseObject(facts, echo);
    this.#output = new OutputItems(hexOf(facts), rules);
  }

  parts(parts: readonly Part[]): string {
    for (const part of parts) {
      if (part.kind === 'usage') this.#usage = part.usage;
      else this.#output.take(part);
    }
    return '';
  }

  broken(refusal: Refusal | undefined): AnswerRecord {
    this.#output.abandon();
    return this.#response.record(this.#output.json(), brokenOff(refusal, this.#usage));
  }

  record(ending: Ending): AnswerRecord {
    this.#output.finish(ending.reason);
    return this.#response.record(this.#output.record(), { kind: 'finished', ...ending });
  }

  finish(ending: Ending): string {
    this.#output.finish(ending.reason);
    return this.#response.json(this.#output.json(), { kind: 'finished', ...ending });
  }

  fail(refusal: Refusal): string {
    return JSON.stringify({ error: errorOf(refusal) });
  }
}

/** Events have no bytes in them, the finished part has. */
function scoresJson(logprobs: readonly TokenLogprob[]): string {
  if (logprobs.length === 0) return ',"logprobs":[]';
  const scores = logprobs.map(({ token, logprob, top }) => ({
    token,
    logprob,
    top_logprobs: top.map((likely) => ({ token: likely.token, logprob: likely.logprob })),
  }));
  return `,"logprobs":${JSON.stringify(scores)}`;
}
