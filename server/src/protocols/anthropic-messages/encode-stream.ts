// Parts → the events of a streamed message. An event is glued from constant text and the one piece that differs, because
// this runs for every token. Every event has its `event:` line: the official SDK drops those that have none.

import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE, outputTokens, type Usage } from '../../domain/generation/usage.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Encoder, Ending } from '../protocol.ts';
import {
  messageOf,
  runningUsageOf,
  stopOf,
  toolUseBlock,
  usageOf,
  type MessagesFacts,
} from './message.ts';
import { errorBodyOf } from './refuse.ts';
import { signatureOf } from './thinking-signature.ts';

const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

/** What a delta says before its one piece of text. */
const DELTA = {
  text: '{"type":"text_delta","text":',
  thinking: '{"type":"thinking_delta","thinking":',
  signature: '{"type":"signature_delta","signature":',
  input: '{"type":"input_json_delta","partial_json":',
} as const;

/** Blocks as they begin. */
const EMPTY_BLOCK = {
  text: '{"type":"text","text":"","citations":null}',
  thinking: '{"type":"thinking","thinking":"","signature":""}',
} as const;

export class StreamEncoder implements Encoder {
  readonly contentType = 'text/event-stream; charset=utf-8';
  readonly heartbeat = PING;
  readonly #facts: MessagesFacts;
  #begun = false;
  /** Of the block that is open, or of the next one. */
  #index = 0;
  #open: 'text' | 'thinking' | 'tool' | undefined;
  #deltaHead = '';
  /** Of the thinking block that is open. */
  #thought = '';
  #refused = '';

  constructor(facts: MessagesFacts) {
    this.#facts = facts;
  }

  parts(parts: readonly Part[]): string {
    let text = '';
    for (const part of parts) {
      if (!this.#begun && isContent(part)) text += this.#begin(latestUsage(parts));
      text += this.#part(part);
    }
    return text;
  }

  #part(part: Part): string {
    switch (part.kind) {
      case 'text-delta':
        return `${this.#enter('text')}${this.#delta(DELTA.text, part.text)}`;
      case 'refusal-delta':
        this.#refused += part.text;
        return `${this.#enter('text')}${this.#delta(DELTA.text, part.text)}`;
      case 'reasoning-delta':
        return this.#think(part.text);
      case 'tool-call-start': {
        const block = toolUseBlock(part.callId, part.name, {});
        const opened = this.#start('tool', JSON.stringify(block));
        return `${opened}${this.#delta(DELTA.input, '')}`;
      }
      case 'tool-call-delta':
        return this.#delta(DELTA.input, part.arguments);
      case 'tool-call-end':
        return this.#leave();
      default:
        return '';
    }
  }

  /** Thinking that is hidden leaves no block; thinking that is omitted leaves an empty one. */
  #think(text: string): string {
    if (this.#facts.thinking === 'hidden') return '';
    const entered = this.#enter('thinking');
    this.#thought += text;
    if (this.#facts.thinking === 'omitted') return entered;
    return `${entered}${this.#delta(DELTA.thinking, text)}`;
  }

  finish({ reason, usage, stopSequence }: Ending): string {
    const before = `${this.#begun ? '' : this.#begin(usage)}${this.#leave()}`;
    const delta = JSON.stringify({
      type: 'message_delta',
      delta: { container: null, ...stopOf(reason, stopSequence, this.#refused) },
      usage: runningUsageOf(usage),
    });
    const last = `event: message_delta\ndata: ${delta}\n\n`;
    return `${before}${last}event: message_stop\ndata: {"type":"message_stop"}\n\n`;
  }

  fail(refusal: Refusal): string {
    return `event: error\ndata: ${errorBodyOf(refusal, this.#facts.requestId)}\n\n`;
  }

  /** What is known of the usage by now; clients add it up from here, and none copes with an output of nothing. */
  #begin(usage: Usage): string {
    this.#begun = true;
    const counted = {
      ...usageOf(usage, this.#facts.tier),
      output_tokens: Math.max(1, outputTokens(usage)),
    };
    const message = messageOf(this.#facts, [], undefined, counted);
    const start = JSON.stringify({ type: 'message_start', message });
    return `event: message_start\ndata: ${start}\n\n`;
  }

  #enter(kind: 'text' | 'thinking'): string {
    return this.#open === kind ? '' : this.#start(kind, EMPTY_BLOCK[kind]);
  }

  #start(kind: 'text' | 'thinking' | 'tool', block: string): string {
    const left = this.#leave();
    const index = this.#index;
    this.#open = kind;
    this.#deltaHead = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":`;
    const start = `event: content_block_start\ndata: {"type":"content_block_start","index":${index},"content_block":${block}}\n\n`;
    // Where Anthropic sends its own first one.
    return `${left}${start}${index === 0 ? PING : ''}`;
  }

  #delta(kind: (typeof DELTA)[keyof typeof DELTA], text: string): string {
    return `${this.#deltaHead}${kind}${JSON.stringify(text)}}}\n\n`;
  }

  #leave(): string {
    if (this.#open === undefined) return '';
    const signed = this.#open === 'thinking' ? this.#sign() : '';
    this.#open = undefined;
    const index = this.#index++;
    return `${signed}event: content_block_stop\ndata: {"type":"content_block_stop","index":${index}}\n\n`;
  }

  #sign(): string {
    const { thinking, sealer } = this.#facts;
    const signature = signatureOf(this.#thought, thinking === 'omitted' ? sealer : undefined);
    this.#thought = '';
    return this.#delta(DELTA.signature, signature);
  }
}

function isContent({ kind }: Part): boolean {
  return kind !== 'usage' && kind !== 'finish' && kind !== 'failure';
}

function latestUsage(parts: readonly Part[]): Usage {
  const last = parts.findLast((part) => part.kind === 'usage');
  return last?.kind === 'usage' ? last.usage : NO_USAGE;
}
