// When a grammar holds: over the whole answer, or from a tool call's opening tag to its closing one. The library asks
// before each token which grammar is in force, so one may begin and end in the middle of an answer.

import type {
  LlamaGrammar,
  LlamaGrammarEvaluationState,
  SequenceEvaluateOptions,
  Token,
  TokenBias,
} from 'node-llama-cpp';

import type { TokenRules } from './constrained-tokens.ts';
import type { Grammars } from './grammars.ts';

export class GrammarGate {
  readonly #grammars: Grammars;
  readonly #tokens: TokenRules;
  #state: LlamaGrammarEvaluationState | undefined;
  #previous: Token | undefined;

  constructor(grammars: Grammars, tokens: TokenRules) {
    this.#grammars = grammars;
    this.#tokens = tokens;
  }

  get isOpen(): boolean {
    return this.#state === undefined;
  }

  /** From the next token on. */
  close(grammar: LlamaGrammar): void {
    this.#state = this.#grammars.start(grammar);
    this.#previous = undefined;
  }

  open(): void {
    this.#state = undefined;
  }

  /** The token that was sampled last. */
  saw(token: Token): void {
    this.#previous = token;
  }

  options(): Pick<SequenceEvaluateOptions, 'grammarEvaluationState' | 'tokenBias'> {
    return { grammarEvaluationState: () => this.#state, tokenBias: () => this.#bias() };
  }

  #bias(): TokenBias {
    return this.isOpen ? this.#tokens.unconstrained : this.#tokens.after(this.#previous);
  }
}
