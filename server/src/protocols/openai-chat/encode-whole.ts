// Parts → a Chat Completion in one body.

import type { TokenLogprob } from '../../domain/generation/logprobs.ts';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { openAiUsage } from '../openai-usage.ts';
import type { Encoder, Ending } from '../protocol.ts';
import { finishReason, identity, logprobsOf, type ChatFacts } from './chat-object.ts';
import { errorOf } from './refuse.ts';

export class WholeEncoder implements Encoder {
  readonly contentType = 'application/json';
  readonly heartbeat = '';
  readonly #facts: ChatFacts;
  readonly #choices: readonly Choice[];

  constructor(facts: ChatFacts) {
    this.#facts = facts;
    this.#choices = Array.from({ length: facts.choices }, () => new Choice());
  }

  parts(parts: readonly Part[]): string {
    for (const part of parts) this.#choices[part.choice ?? 0]?.take(part);
    return '';
  }

  finish({ reason, usage }: Ending): string {
    const choices = this.#choices.map((choice, index) => choice.wire(index, reason, this.#facts));
    const counted = JSON.stringify(openAiUsage(usage));
    const whole = JSON.stringify(choices);
    return `{${identity(this.#facts, 'chat.completion')},"choices":${whole},"usage":${counted}}`;
  }

  fail(refusal: Refusal): string {
    return JSON.stringify({ error: errorOf(refusal).error });
  }
}

type PendingCall = {
  readonly id: string;
  readonly name: string;
  readonly isCustom: boolean;
  /** A function's arguments, or a custom tool's input. */
  said: string;
};

class Choice {
  readonly #calls = new Map<number, PendingCall>();
  readonly #logprobs: TokenLogprob[] = [];
  #text = '';
  #reasoning = '';
  #refusal = '';
  #reason: FinishReason | undefined;

  take(part: Part): void {
    switch (part.kind) {
      case 'text-delta':
        this.#text += part.text;
        this.#logprobs.push(...(part.logprobs ?? []));
        break;
      case 'reasoning-delta':
        this.#reasoning += part.text;
        break;
      case 'refusal-delta':
        this.#refusal += part.text;
        break;
      case 'tool-call-start':
        this.#calls.set(part.index, {
          id: part.callId,
          name: part.name,
          isCustom: part.tool === 'custom',
          said: '',
        });
        break;
      case 'tool-call-delta':
        this.#growCall(part.index, part.arguments);
        break;
      case 'custom-input-delta':
        this.#growCall(part.index, part.input);
        break;
      case 'finish':
        this.#reason = part.reason;
        break;
      case 'repaired':
      case 'tool-call-end':
      case 'usage':
      case 'failure':
    }
  }

  #growCall(index: number, said: string): void {
    const call = this.#calls.get(index);
    if (call !== undefined) call.said += said;
  }

  wire(index: number, reason: FinishReason, facts: ChatFacts): object {
    return {
      index,
      message: this.#message(facts.legacyFunctions, facts.reasoning !== 'sealed'),
      logprobs: facts.logprobs ? logprobsOf(this.#logprobs) : null,
      finish_reason: finishReason(this.#reason ?? reason, facts.legacyFunctions),
    };
  }

  #message(legacyFunctions: boolean, showsReasoning: boolean): object {
    const calls = [...this.#calls.values()];
    const hasText = this.#text !== '' || (calls.length === 0 && this.#refusal === '');
    return {
      role: 'assistant',
      content: hasText ? this.#text : null,
      refusal: this.#refusal === '' ? null : this.#refusal,
      annotations: [],
      ...(showsReasoning && this.#reasoning !== '' && { reasoning: this.#reasoning }),
      ...callFields(calls, legacyFunctions),
    };
  }
}

function callFields(calls: readonly PendingCall[], legacyFunctions: boolean): object {
  const [first] = calls;
  if (first === undefined) return {};
  if (legacyFunctions) return { function_call: { name: first.name, arguments: first.said } };
  return {
    tool_calls: calls.map(({ id, name, isCustom, said }) =>
      isCustom
        ? { id, type: 'custom', custom: { name, input: said } }
        : { id, type: 'function', function: { name, arguments: said } },
    ),
  };
}
