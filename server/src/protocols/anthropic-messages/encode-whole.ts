// Parts → one message in one body.

import type { Part } from '../../domain/generation/part.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Encoder, Ending } from '../protocol.ts';
import { messageOf, stopOf, toolUseBlock, usageOf, type MessagesFacts } from './message.ts';
import { errorBodyOf } from './refuse.ts';
import { signatureOf } from './thinking-signature.ts';

type Pending =
  | { readonly kind: 'text' | 'thinking'; text: string }
  | { readonly kind: 'tool'; readonly id: string; readonly name: string; text: string };

export class WholeEncoder implements Encoder {
  readonly contentType = 'application/json';
  readonly heartbeat = '';
  readonly #facts: MessagesFacts;
  readonly #blocks: Pending[] = [];
  #refused = '';

  constructor(facts: MessagesFacts) {
    this.#facts = facts;
  }

  parts(parts: readonly Part[]): string {
    for (const part of parts) this.#take(part);
    return '';
  }

  #take(part: Part): void {
    switch (part.kind) {
      case 'refusal-delta':
        this.#refused += part.text;
        return this.#add('text', part.text);
      case 'text-delta':
        return this.#add('text', part.text);
      case 'reasoning-delta':
        if (this.#facts.thinking === 'hidden') return;
        return this.#add('thinking', part.text);
      case 'tool-call-start':
        this.#blocks.push({ kind: 'tool', id: part.callId, name: part.name, text: '' });
        return;
      case 'tool-call-delta': {
        const call = this.#blocks.at(-1);
        if (call?.kind === 'tool') call.text += part.arguments;
        return;
      }
      default:
    }
  }

  #add(kind: 'text' | 'thinking', text: string): void {
    const last = this.#blocks.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.#blocks.push({ kind, text });
  }

  finish({ reason, usage, stopSequence }: Ending): string {
    const stop = stopOf(reason, stopSequence, this.#refused);
    const content = this.#blocks.map((block) => blockOf(block, this.#facts));
    return JSON.stringify(messageOf(this.#facts, content, stop, usageOf(usage, this.#facts.tier)));
  }

  fail(refusal: Refusal): string {
    return errorBodyOf(refusal, this.#facts.requestId);
  }
}

function blockOf(block: Pending, { thinking: shown, sealer }: MessagesFacts): object {
  switch (block.kind) {
    case 'text':
      return { type: 'text', text: block.text, citations: null };
    case 'thinking': {
      const { text } = block;
      const omitted = shown === 'omitted';
      const signature = signatureOf(text, omitted ? sealer : undefined);
      return { type: 'thinking', thinking: omitted ? '' : text, signature };
    }
    case 'tool':
      return toolUseBlock(block.id, block.name, inputOf(block.text));
  }
}

/**
 * A model can be cut off in the middle of its arguments, or write none. What is no object is handed on in the form that
 * Anthropic documents for invalid JSON, so that no tool is ever run on arguments that the model did not write.
 */
function inputOf(json: string): object {
  if (json.trim() === '') return {};
  try {
    const input: unknown = JSON.parse(json);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
  } catch {
    // Said below.
  }
  return { INVALID_JSON: json };
}
