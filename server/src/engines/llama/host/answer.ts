// One answer as it grows: from tokens to parts, with the count of each. Order of the steps: characters, thinking, tool
// calls, stops.

import { randomUUID } from 'node:crypto';

import type { Token } from 'node-llama-cpp';

import type { TokenLogprob } from '../../../domain/generation/logprobs.ts';
import type { Part } from '../../../domain/generation/part.ts';
import { NO_USAGE } from '../../../domain/generation/usage.ts';
import { ReasoningSplit } from './reasoning-split.ts';
import type { Split } from './reasoning-split.ts';
import { ScoreQueue } from './score-queue.ts';
import { StopHold } from './stop-hold.ts';
import { TOOL_CALL_OPEN, ToolCallSplit } from './tool-call-split.ts';
import type { Said } from './tool-call-split.ts';
import type { Utf8Hold } from './utf8-hold.ts';

export type AnswerStart = {
  readonly characters: Utf8Hold;
  readonly thinkingOpened: boolean;
  readonly stops: readonly string[];
  /** None: tags of calls are text. */
  readonly toolNames: ReadonlySet<string>;
  /** What the prompt already said for the model. */
  readonly opening: string;
  /** A grammar begins where thinking ends. */
  readonly grammarAfterThinking: boolean;
};

/** What one token did to the answer. */
export type Step = {
  /** The stop string that ended the answer, if one did. */
  readonly stop: string | undefined;
  /** Thinking came to its end. */
  readonly thought: boolean;
  /** A tool call began, or came to its closing tag. */
  readonly call: 'opened' | 'closed' | undefined;
  /** The token's text up to the tag after which a grammar begins; undefined when it ends with that tag. */
  readonly upToTag?: string;
};

export class Answer {
  readonly #characters: Utf8Hold;
  readonly #split: ReasoningSplit;
  readonly #calls: ToolCallSplit | undefined;
  readonly #stops: StopHold;
  readonly #scores = new ScoreQueue();
  readonly #grammarAfterThinking: boolean;
  #callIndex = -1;
  #inputTokens = 0;
  #cachedTokens = 0;
  #outputTokens = 0;
  #reasoningTokens = 0;
  /** Produced, but it is not known yet as what. */
  #undecidedTokens = 0;

  constructor(start: AnswerStart) {
    this.#characters = start.characters;
    this.#split = new ReasoningSplit(start.thinkingOpened);
    this.#calls = start.toolNames.size > 0 ? new ToolCallSplit(start.toolNames) : undefined;
    this.#stops = new StopHold(start.stops);
    this.#grammarAfterThinking = start.grammarAfterThinking;
    this.#calls?.push(start.opening);
  }

  get hasCalls(): boolean {
    return this.#callIndex >= 0;
  }

  get callsClosed(): number {
    return this.#calls?.closed ?? 0;
  }

  /** Tokens of the prompt: how many had to be evaluated, and how many were there from an earlier generation. */
  countInput(evaluated: number, cached: number): void {
    this.#inputTokens = evaluated;
    this.#cachedTokens = cached;
  }

  /** Adds what the token says to `parts`, and its count; its score goes with the text, if it is any. */
  push(token: Token, parts: Part[], score?: TokenLogprob): Step {
    const wasThinking = this.#split.isThinking;
    const hadThought = this.#split.hasThought;
    const opened = this.#calls?.opened;
    const closed = this.#calls?.closed;
    const text = this.#characters.push(token);
    const split = this.#split.push(text);
    this.#count(wasThinking || this.#split.isThinking);
    const thought = this.#split.hasThought && !hadThought;
    if (score !== undefined) this.#keepScore(score, split, thought);
    // What a token says beyond the tag was said before the grammar could speak: it does not count.
    const isCut = thought && this.#grammarAfterThinking;
    const stop = this.#say(isCut ? { ...split, text: '' } : split, parts);
    parts.push(this.#usage());
    const head = this.#calls?.opened === opened ? undefined : this.#calls?.head;
    if (head !== undefined) this.#calls?.forgetHead();
    const beyond = isCut ? split.text : (head ?? '');
    const isClosed = this.#calls?.closed !== closed;
    return {
      stop,
      thought,
      call: head === undefined ? (isClosed ? 'closed' : undefined) : 'opened',
      ...(beyond !== '' && { upToTag: text.slice(0, text.length - beyond.length) }),
    };
  }

  /** Of text alone; the tag that ends the thinking is none. */
  #keepScore(score: TokenLogprob, split: Split, thought: boolean): void {
    if (split.reasoning !== '') this.#scores.drop();
    if (this.#split.isThinking || (thought && split.text === '')) return;
    this.#scores.put(score, split.text.length);
  }

  /** What was held back, unless a stop string ended the answer, and the final count. */
  end(wasStopped: boolean, parts: Part[]): void {
    let stopped = wasStopped;
    if (!stopped) {
      const rest = this.#split.push(this.#characters.end());
      const last = this.#split.end();
      const reasoning = rest.reasoning + last.reasoning;
      stopped = this.#say({ reasoning, text: rest.text + last.text }, parts) !== undefined;
    }
    // A call that was cut is ended; a text that was stopped gets nothing more.
    const left = (this.#calls?.end() ?? []).filter(({ kind }) => !stopped || kind === 'call-end');
    const isOver = this.#tell(left, parts) !== undefined || stopped;
    const held = isOver ? '' : this.#stops.end();
    if (held !== '') parts.push(this.#textDelta(held));
    this.#outputTokens += this.#undecidedTokens;
    this.#undecidedTokens = 0;
    parts.push(this.#usage());
  }

  #count(thinking: boolean): void {
    this.#undecidedTokens += 1;
    if (this.#split.isUndecided) return;
    if (thinking) this.#reasoningTokens += this.#undecidedTokens;
    else this.#outputTokens += this.#undecidedTokens;
    this.#undecidedTokens = 0;
  }

  #say(split: Split, parts: Part[]): string | undefined {
    if (split.reasoning !== '') parts.push({ kind: 'reasoning-delta', text: split.reasoning });
    if (!this.#calls) return this.#tell([{ kind: 'text', text: split.text }], parts);
    // The characters of the model's own token for the tag come in one piece.
    const byToken = split.text.endsWith(TOOL_CALL_OPEN);
    return this.#tell(this.#calls.push(split.text, byToken), parts);
  }

  /** The stop string that was found; nothing after it is told. */
  #tell(said: readonly Said[], parts: Part[]): string | undefined {
    for (const one of said) {
      const stop = this.#tellOne(one, parts);
      if (stop !== undefined) return stop;
    }
    return undefined;
  }

  #tellOne(said: Said, parts: Part[]): string | undefined {
    const index = this.#callIndex;
    switch (said.kind) {
      case 'text': {
        const { text, stop } = this.#stops.push(said.text);
        if (text !== '') parts.push(this.#textDelta(text));
        return stop;
      }
      case 'call-start': {
        this.#callIndex += 1;
        this.#scores.drop();
        const { name } = said;
        parts.push({ kind: 'tool-call-start', index: index + 1, callId: newCallId(), name });
        return undefined;
      }
      case 'call-arguments':
        parts.push({ kind: 'tool-call-delta', index, arguments: said.text });
        return undefined;
      case 'call-end':
        this.#scores.drop();
        parts.push({ kind: 'tool-call-end', index });
        return undefined;
    }
  }

  #textDelta(text: string): Part {
    const logprobs = this.#scores.take(text.length);
    return { kind: 'text-delta', text, ...(logprobs.length > 0 && { logprobs }) };
  }

  #usage(): Part {
    const usage = {
      ...NO_USAGE,
      input: this.#inputTokens,
      cacheRead: this.#cachedTokens,
      output: this.#outputTokens,
      reasoning: this.#reasoningTokens,
    };
    return { kind: 'usage', usage, source: 'engine' };
  }
}

/** As long as OpenAI's own. */
const CALL_ID_CHARACTERS = 24;

function newCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, CALL_ID_CHARACTERS)}`;
}
