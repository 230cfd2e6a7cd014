// Says whatever a grammar allows, with tokens chosen almost by chance: by llama.cpp itself, with the small model's vocabulary.

import { fileURLToPath } from 'node:url';
import { getLlama, LlamaGrammarEvaluationState, TokenBias } from 'node-llama-cpp';
import type { Llama, LlamaContext, LlamaModel, Token } from 'node-llama-cpp';
import { SHIPPED_MODEL } from '../endless-model.fixture.ts';
import { ConstrainedTokens } from './constrained-tokens.ts';
import { vocabularyOf } from './load-model.ts';

export class GrammarSampler implements AsyncDisposable {
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #tokens: ConstrainedTokens;

  private constructor(llama: Llama, model: LlamaModel, context: LlamaContext) {
    this.#llama = llama;
    this.#model = model;
    this.#context = context;
    const noBias = (): TokenBias => TokenBias.for(model);
    this.#tokens = new ConstrainedTokens(noBias, vocabularyOf(model.fileInfo), new Map());
  }

  static async load(): Promise<GrammarSampler> {
    const settings = { gpu: false, build: 'never', skipDownload: true, maxThreads: 1 } as const;
    const llama = await getLlama(settings);
    const model = await llama.loadModel({ modelPath: fileURLToPath(SHIPPED_MODEL) });
    const context = await model.createContext({ contextSize: 512, sequences: 1, threads: 1 });
    return new GrammarSampler(llama, model, context);
  }

  /** Rejects a grammar that llama.cpp can't read. */
  async state(text: string): Promise<LlamaGrammarEvaluationState> {
    const grammar = await this.#llama.createGrammar({ grammar: text });
    return new LlamaGrammarEvaluationState({ model: this.#model, grammar });
  }

  /** Undefined: it was not at an end when the tokens were. */
  async sample(grammar: string, seed: number, tokensMax = 300): Promise<string | undefined> {
    await using sequence = this.#context.getSequence();
    const said: Token[] = [];
    const options = {
      grammarEvaluationState: await this.state(grammar),
      tokenBias: () => this.#tokens.after(said.at(-1)),
      // So hot that every token is nearly as likely as any other.
      temperature: 30,
      topK: 0,
      topP: 1,
      seed,
    };
    for await (const token of sequence.evaluate(this.#model.tokenize('{', false), options)) {
      said.push(token);
      if (said.length === tokensMax) return undefined;
    }
    return this.#model.detokenize(said, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#llama.dispose();
  }
}
