// One token after the other: samples, tells the answer, and lets grammars begin and end where the answer says so.

import type { LlamaGrammar, LlamaModel, Token } from 'node-llama-cpp';

import type { FunctionsOnly } from '../../../domain/generation/custom-tools.ts';
import type { TokenLogprob } from '../../../domain/generation/logprobs.ts';
import type { FinishReason, Part } from '../../../domain/generation/part.ts';
import type { AnswerShape } from './answer-shape.ts';
import type { Answer, Step } from './answer.ts';
import { companyOf } from './batch-order.ts';
import { GrammarGate } from './grammar-gate.ts';
import type { LoadedModel } from './load-model.ts';
import { samplerOptions, wholeDistribution } from './sampling.ts';
import { Scores } from './scores.ts';
import type { Distribution } from './scores.ts';
import type { Slot } from './slots.ts';

export type Work = {
  readonly id: number;
  readonly generation: FunctionsOnly;
  readonly outputTokensMax: number;
  readonly signal: AbortSignal;
  readonly emit: (parts: readonly Part[]) => void;
};

export type Ending =
  | {
      readonly kind: 'finish';
      readonly reason: FinishReason;
      /** The stop string that was found. */
      readonly stop?: string | undefined;
    }
  | { readonly kind: 'aborted' };

export const ABORTED: Ending = { kind: 'aborted' };
const STOP: Ending = { kind: 'finish', reason: 'stop' };
const LENGTH: Ending = { kind: 'finish', reason: 'length' };

type Sampled = { readonly token: Token; readonly score?: TokenLogprob };
type Weighed = { readonly token: Token; readonly probabilities: Distribution };

/** With the one grammar that it may have, read. */
type ReadShape = AnswerShape & { readonly grammar: LlamaGrammar | undefined };

export class Production {
  readonly #model: LlamaModel;
  readonly #contextTokens: number;
  readonly #work: Work;
  readonly #shape: ReadShape;
  readonly #answer: Answer;
  readonly #gate: GrammarGate;
  /** Where log probabilities are asked for. */
  readonly #scores: Scores | undefined;
  readonly #produced: Token[] = [];
  /** Evaluated in place of one sampled token, beyond that one. */
  #extraTokens = 0;

  constructor(loaded: LoadedModel, work: Work, shape: ReadShape, answer: Answer) {
    this.#model = loaded.model;
    this.#contextTokens = loaded.contextTokens;
    this.#work = work;
    this.#shape = shape;
    this.#answer = answer;
    const { logprobs, sampling } = work.generation;
    this.#gate = new GrammarGate(
      loaded.grammars,
      loaded.constrained.with(sampling.logitBias ?? []),
    );
    const isConstrained = shape.grammar !== undefined;
    const { vocabulary } = loaded;
    this.#scores =
      logprobs && new Scores({ vocabulary, sampling, top: logprobs.top, isConstrained });
  }

  /** The grammar of the whole answer, if it has one. */
  beginGrammar(): void {
    const { whole, grammar } = this.#shape;
    if (whole !== undefined && grammar) this.#gate.close(grammar);
  }

  async run(slot: Slot, tail: Token[]): Promise<Ending> {
    const room = this.#contextTokens - slot.sequence.nextTokenIndex - tail.length;
    const tokensMax = Math.min(this.#work.outputTokensMax, room);
    const { sampling } = this.#work.generation;
    const contextTokensMax = this.#contextTokens - room + tokensMax;
    const options = {
      ...samplerOptions(sampling, this.#produced),
      ...(this.#scores && !this.#shape.grammar && wholeDistribution(sampling)),
      ...this.#gate.options(),
      evaluationPriority: companyOf(sampling.seed !== undefined, contextTokensMax),
    };
    const tokens = this.#scores
      ? slot.sequence.evaluateWithMetadata(tail, { probabilities: true }, options)
      : slot.sequence.evaluate(tail, options);
    try {
      let next = await tokens.next();
      while (next.done !== true) {
        const then = this.#take(this.#sampled(next.value), tokensMax);
        if ('kind' in then) return then;
        next = await tokens.next(then);
      }
      return LENGTH;
    } finally {
      await tokens.return();
    }
  }

  /** How it ends, or the tokens to be evaluated next: usually the sampled one. */
  #take({ token, score }: Sampled, tokensMax: number): Ending | Token[] {
    if (this.#work.signal.aborted) return ABORTED;
    if (this.#model.isEogToken(token)) return STOP;
    const parts: Part[] = [];
    const step = this.#push(token, parts, score);
    const evaluated = this.#steer(token, step);
    for (const injected of evaluated.injected) {
      if (this.#produced.length < tokensMax) this.#push(injected, parts);
    }
    this.#work.emit(parts);
    if (step.stop !== undefined) return { kind: 'finish', reason: 'stop', stop: step.stop };
    if (step.call === 'closed' && this.#answer.callsClosed >= this.#shape.callsMax) return STOP;
    if (this.#produced.length + this.#extraTokens >= tokensMax) return LENGTH;
    return [...evaluated.kept, ...evaluated.injected];
  }

  #sampled(given: Token | Weighed): Sampled {
    if (typeof given === 'number') return { token: given };
    const { token: proposed, probabilities } = given;
    if (!this.#scores) return { token: proposed };
    const token = this.#scores.draw(proposed, probabilities);
    return { token, score: this.#scores.of(token, probabilities) };
  }

  #push(token: Token, parts: Part[], score?: TokenLogprob): Step {
    this.#produced.push(token);
    this.#gate.saw(token);
    return this.#answer.push(token, parts, score);
  }

  /** Begins or ends a grammar, and says what stands in the token's place. */
  #steer(
    token: Token,
    { thought, call, upToTag }: Step,
  ): { readonly kept: readonly Token[]; readonly injected: readonly Token[] } {
    const { whole, call: ofCalls, grammar, opening } = this.#shape;
    if (ofCalls !== undefined && call === 'closed') this.#gate.open();
    const begins = (whole !== undefined && thought) || (ofCalls !== undefined && call === 'opened');
    if (!begins || !grammar) return { kept: [token], injected: [] };
    this.#gate.close(grammar);
    const kept = upToTag === undefined ? [token] : this.#model.tokenize(upToTag, true);
    this.#extraTokens += kept.length - 1;
    const gap = upToTag === undefined ? '\n' : '';
    const injected = thought ? this.#model.tokenize(gap + opening, true) : [];
    return { kept, injected };
  }
}
