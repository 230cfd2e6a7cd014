// Parts → the items of a response, as they grow. One state machine for whole and streamed answers: a stream also hears
// of every step, so the two can't differ.
//
// An item is closed when the next begins or the answer ends, not when the engine is done with it: only then is it known
// whether it was the last, and the last item of an answer that was cut is incomplete.

import type { TokenLogprob } from '../../domain/generation/logprobs.ts';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import type { WireName, WireNames } from './tool-names.ts';

export type ContentPart = {
  readonly type: 'output_text' | 'refusal' | 'reasoning_text';
  text: string;
  /** Of its tokens, where they were asked for. */
  readonly logprobs: TokenLogprob[];
};

type Status = 'in_progress' | 'completed' | 'incomplete';

/** A message, or reasoning: content parts that were said one after the other. */
export type SpokenItem = {
  readonly type: 'message' | 'reasoning';
  readonly id: string;
  readonly index: number;
  readonly content: ContentPart[];
  status: Status;
  /** Of reasoning: all of it, shown or not. */
  thought: string;
  /** The same as only we can read it: for the client where it wants to keep it, and for what we keep of the answer. */
  sealed?: string;
};

export type CallItem = {
  readonly type: 'function_call' | 'custom_tool_call';
  readonly id: string;
  readonly index: number;
  readonly callId: string;
  readonly name: WireName;
  /** A function's arguments, which are JSON, or a custom tool's input, which is text. */
  said: string;
  ended: boolean;
  status: Status;
};

export type OutputItem = SpokenItem | CallItem;

/** Who wants to know of each step, in the order in which it happens. */
export interface Listener {
  itemAdded(item: OutputItem): void;
  partAdded(item: SpokenItem, part: ContentPart): void;
  textDelta(
    item: SpokenItem,
    part: ContentPart,
    delta: string,
    logprobs: readonly TokenLogprob[],
  ): void;
  callDelta(item: CallItem, delta: string): void;
  partDone(item: SpokenItem, part: ContentPart): void;
  callDone(item: CallItem): void;
  itemDone(item: OutputItem): void;
}

const ID_PREFIX = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  custom_tool_call: 'ctc',
} as const;

/** What the items of an answer need of its request. */
export type ItemRules = {
  readonly names: WireNames;
  /** Calls beyond these are left out, as if they had not been made. */
  readonly callsMax: number;
  /** The client learns that the model thinks, and not what. */
  readonly hidesReasoning: boolean;
  /** The client wants to keep reasoning sealed. */
  readonly includesSealed: boolean;
  readonly seal?: (text: string) => string;
};

function isCall(item: OutputItem): item is CallItem {
  return item.type === 'function_call' || item.type === 'custom_tool_call';
}

export class OutputItems {
  readonly #hex: string;
  readonly #rules: ItemRules;
  readonly #listener: Listener | undefined;
  readonly #items: OutputItem[] = [];
  /** Not closed yet, oldest first. */
  #open: OutputItem[] = [];
  /** By the engine's own numbering. */
  readonly #calls = new Map<number, CallItem>();

  constructor(hex: string, rules: ItemRules, listener?: Listener) {
    this.#hex = hex;
    this.#rules = rules;
    this.#listener = listener;
  }

  take(part: Part): void {
    if ('text' in part && part.text === '') return;
    switch (part.kind) {
      case 'text-delta':
        return this.#say('message', 'output_text', part.text, part.logprobs);
      case 'refusal-delta':
        return this.#say('message', 'refusal', part.text);
      case 'reasoning-delta':
        return this.#think(part.text);
      case 'tool-call-start':
        return this.#startCall(part);
      case 'tool-call-delta':
        return this.#growCall(this.#calls.get(part.index), part.arguments);
      case 'tool-call-end': {
        const call = this.#calls.get(part.index);
        if (call !== undefined) call.ended = true;
        return;
      }
      case 'custom-input-delta':
        return this.#growCall(this.#calls.get(part.index), part.input);
      case 'repaired':
      case 'usage':
      case 'finish':
      case 'failure':
    }
  }

  /** Closes what is open; a second time there is nothing left to close. */
  finish(reason: FinishReason): void {
    const cut = reason === 'length' || reason === 'content-filter';
    const isAnswer = ({ type }: OutputItem): boolean => type !== 'reasoning';
    // Clients look for a message in a complete answer, and find an empty one.
    if (!cut && !this.#items.some(isAnswer)) this.#say('message', 'output_text', '');
    const last = this.#items.at(-1);
    for (const item of this.#open) {
      const isCut = cut && (item === last || (isCall(item) && !item.ended));
      this.#close(item, isCut ? 'incomplete' : 'completed');
    }
    this.#open = [];
  }

  /** What is open stays as it is: the answer broke off. */
  abandon(): void {
    for (const item of this.#open) item.status = 'incomplete';
    this.#open = [];
  }

  /** The items so far as JSON; after the end, all of them. */
  json(): string {
    return `[${this.#items.map((item) => this.jsonOf(item)).join(',')}]`;
  }

  /** As they are kept: with what the client did not want to see, and the model needs when the answer is gone on from. */
  record(): string {
    return `[${this.#items.map((item) => itemJson(item, true)).join(',')}]`;
  }

  jsonOf(item: OutputItem): string {
    return itemJson(item, this.#rules.includesSealed);
  }

  #think(text: string): void {
    this.#spoken('reasoning').thought += text;
    if (!this.#rules.hidesReasoning) this.#say('reasoning', 'reasoning_text', text);
  }

  #say(
    type: 'message' | 'reasoning',
    partType: ContentPart['type'],
    delta: string,
    logprobs: readonly TokenLogprob[] = [],
  ): void {
    const item = this.#spoken(type);
    let part = item.content.at(-1);
    if (part?.type !== partType) {
      if (part !== undefined) this.#listener?.partDone(item, part);
      part = { type: partType, text: '', logprobs: [] };
      item.content.push(part);
      this.#listener?.partAdded(item, part);
    }
    part.text += delta;
    part.logprobs.push(...logprobs);
    if (delta !== '') this.#listener?.textDelta(item, part, delta, logprobs);
  }

  #spoken(type: 'message' | 'reasoning'): SpokenItem {
    const open = this.#open.at(-1);
    if (open?.type === type) return open;
    const { id, index } = this.#begin(type);
    const status = 'in_progress';
    const item: SpokenItem = { type, id, index, content: [], thought: '', status };
    this.#seal(item);
    return this.#add(item);
  }

  /** Clients look for the field in the first event of the item too, where there is nothing to seal yet. */
  #seal(item: SpokenItem): void {
    const { seal, hidesReasoning, includesSealed } = this.#rules;
    const isWanted = item.type === 'reasoning' && (hidesReasoning || includesSealed);
    if (!isWanted || seal === undefined) return;
    item.sealed = seal(item.thought);
  }

  #startCall({ index: number, callId, name, tool }: CallStart): void {
    if (this.#calls.size >= this.#rules.callsMax) return;
    const type = tool === 'custom' ? 'custom_tool_call' : 'function_call';
    const { id, index } = this.#begin(type);
    const call = this.#add<CallItem>({
      type,
      id,
      index,
      callId,
      name: this.#rules.names.get(name) ?? { name },
      said: '',
      ended: false,
      status: 'in_progress',
    });
    this.#calls.set(number, call);
  }

  #growCall(call: CallItem | undefined, delta: string): void {
    if (call === undefined || call.status !== 'in_progress' || delta === '') return;
    call.said += delta;
    this.#listener?.callDelta(call, delta);
  }

  /** Closes what a new item ends: everything but calls that run beside it. */
  #begin(type: OutputItem['type']): { readonly id: string; readonly index: number } {
    const stays = (item: OutputItem): boolean => isCall(item) && !item.ended;
    for (const item of this.#open) if (!stays(item)) this.#close(item, 'completed');
    this.#open = this.#open.filter(stays);
    const index = this.#items.length;
    const id = `${ID_PREFIX[type]}_${this.#hex}${index.toString(16).padStart(4, '0')}`;
    return { id, index };
  }

  #add<T extends OutputItem>(item: T): T {
    this.#items.push(item);
    this.#open.push(item);
    this.#listener?.itemAdded(item);
    return item;
  }

  #close(item: OutputItem, status: Status): void {
    if (isCall(item)) {
      // A call without arguments is a call with none of them, not with broken JSON.
      const isEmpty = item.type === 'function_call' && item.said === '';
      if (isEmpty && status === 'completed') this.#growCall(item, '{}');
      item.status = status;
      this.#listener?.callDone(item);
    } else {
      item.status = status;
      const part = item.content.at(-1);
      if (part !== undefined) this.#listener?.partDone(item, part);
      this.#seal(item);
    }
    this.#listener?.itemDone(item);
  }
}

type CallStart = Extract<Part, { readonly kind: 'tool-call-start' }>;

function itemJson(item: OutputItem, withSealed: boolean): string {
  const { id, type, status } = item;
  switch (item.type) {
    case 'message': {
      const content = item.content.map(contentOf);
      return JSON.stringify({ id, type, status, role: 'assistant', content });
    }
    case 'reasoning': {
      const content = item.content.map(contentOf);
      const { sealed } = item;
      const kept = withSealed && sealed !== undefined ? { encrypted_content: sealed } : {};
      return JSON.stringify({ id, type, status, summary: [], content, ...kept });
    }
    case 'function_call': {
      const { callId, name, said } = item;
      return JSON.stringify({ id, type, status, call_id: callId, ...name, arguments: said });
    }
    case 'custom_tool_call': {
      const { callId, name, said } = item;
      return JSON.stringify({ id, type, status, call_id: callId, ...name, input: said });
    }
  }
}

export function contentOf({ type, text, logprobs }: ContentPart): object {
  if (type === 'refusal') return { type, refusal: text };
  if (type !== 'output_text') return { type, text };
  return { type, annotations: [], logprobs: logprobs.map(logprobOf), text };
}

function logprobOf({ token, bytes, logprob, top }: TokenLogprob): object {
  return { token, bytes, logprob, top_logprobs: top };
}
