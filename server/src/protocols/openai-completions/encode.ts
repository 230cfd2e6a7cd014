// Parts → a legacy completion, streamed or whole. A raw prompt has no channel for thinking, so what a model thinks is text.

import type { TokenLogprob } from '../../domain/generation/logprobs.ts';
import type { FinishReason, Part } from '../../domain/generation/part.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { openAiError } from '../openai-error.ts';
import { openAiUsage } from '../openai-usage.ts';
import type { AnswerFacts, Encoder, Ending } from '../protocol.ts';
import { FIELDS } from './fields.ts';

export type CompletionFacts = AnswerFacts & {
  readonly includeUsage: boolean;
  readonly logprobs: boolean;
  /** What each choice begins with, by its index: its prompt, or nothing. */
  readonly echoed: readonly string[];
};

export function completionEncoder(facts: CompletionFacts): Encoder {
  return new CompletionEncoder(facts);
}

type Choice = {
  /** What is told with the next chunk, or with the whole. */
  text: string;
  logprobs: TokenLogprob[];
  /** Characters of the text that the next token stands after. */
  offset: number;
  reason: FinishReason | undefined;
};

class CompletionEncoder implements Encoder {
  readonly contentType: string;
  readonly heartbeat = ': ping\n\n';
  readonly #facts: CompletionFacts;
  readonly #choices: readonly Choice[];

  constructor(facts: CompletionFacts) {
    this.#facts = facts;
    const streams = facts.delivery === 'stream';
    this.contentType = streams ? 'text/event-stream; charset=utf-8' : 'application/json';
    this.#choices = facts.echoed.map((text) => ({
      text,
      logprobs: [],
      offset: text.length,
      reason: undefined,
    }));
  }

  parts(parts: readonly Part[]): string {
    let chunks = '';
    for (const part of parts) {
      const index = part.choice ?? 0;
      const choice = this.#choices[index];
      if (choice === undefined) continue;
      if (part.kind === 'finish') choice.reason = part.reason;
      const said = textIn(part);
      if (said === undefined) continue;
      choice.text += said;
      if (part.kind === 'text-delta') choice.logprobs.push(...(part.logprobs ?? []));
      if (this.#facts.delivery === 'stream')
        chunks += this.#event([this.#told(choice, index, null)]);
    }
    return chunks;
  }

  finish({ reason, usage }: Ending): string {
    const last = this.#choices.map((choice, index) =>
      this.#told(choice, index, finishReason(choice.reason ?? reason)),
    );
    if (this.#facts.delivery === 'whole') {
      return JSON.stringify({ ...this.#object(last), usage: openAiUsage(usage) });
    }
    const ends = last.map((choice) => this.#event([choice])).join('');
    const counted = this.#facts.includeUsage ? this.#event([], openAiUsage(usage)) : '';
    return `${ends}${counted}data: [DONE]\n\n`;
  }

  fail(refusal: Refusal): string {
    return `data: ${JSON.stringify({ error: openAiError(refusal, FIELDS).error })}\n\n`;
  }

  /** Takes what the choice has to tell. */
  #told(choice: Choice, index: number, reason: string | null): object {
    const { text, logprobs } = choice;
    choice.text = '';
    choice.logprobs = [];
    const scores = this.#facts.logprobs ? legacyLogprobs(logprobs, choice) : null;
    return { text, index, logprobs: scores, finish_reason: reason };
  }

  #event(choices: readonly object[], usage: object | null = null): string {
    const counted = this.#facts.includeUsage ? { usage } : {};
    return `data: ${JSON.stringify({ ...this.#object(choices), ...counted })}\n\n`;
  }

  #object(choices: readonly object[]): object {
    const { requestId, createdAtSeconds, model } = this.#facts;
    const id = `cmpl-${requestId.slice('req_'.length)}`;
    return { id, object: 'text_completion', created: createdAtSeconds, model, choices };
  }
}

function textIn(part: Part): string | undefined {
  const says =
    part.kind === 'text-delta' || part.kind === 'reasoning-delta' || part.kind === 'refusal-delta';
  return says ? part.text : undefined;
}

function finishReason(reason: FinishReason): string {
  if (reason === 'tool-calls') return 'stop';
  return reason === 'content-filter' ? 'content_filter' : reason;
}

function legacyLogprobs(logprobs: readonly TokenLogprob[], choice: Choice): object {
  const offsets = logprobs.map(({ token }) => {
    const at = choice.offset;
    choice.offset += token.length;
    return at;
  });
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: offsets,
  };
}
