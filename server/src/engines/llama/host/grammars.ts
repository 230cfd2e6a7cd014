// Grammars that llama.cpp has read, kept for the next request with the same schema: clients send theirs again and again.

import type { LlamaGrammar, LlamaGrammarEvaluationState } from 'node-llama-cpp';

const KEPT_MAX = 64;

/** What the library does; it is loaded late, so nothing here may import it. */
export type GrammarReader = {
  /** Rejects what llama.cpp can't read, which would be our mistake. */
  readonly read: (text: string) => Promise<LlamaGrammar>;
  /** At the beginning of the text that the grammar describes. */
  readonly start: (grammar: LlamaGrammar) => LlamaGrammarEvaluationState;
};

export class Grammars {
  readonly #reader: GrammarReader;
  /** Least recently used first. */
  readonly #kept = new Map<string, LlamaGrammar>();

  constructor(reader: GrammarReader) {
    this.#reader = reader;
  }

  start(grammar: LlamaGrammar): LlamaGrammarEvaluationState {
    return this.#reader.start(grammar);
  }

  async read(text: string): Promise<LlamaGrammar> {
    const grammar = this.#kept.get(text) ?? (await this.#reader.read(text));
    this.#kept.delete(text);
    this.#kept.set(text, grammar);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return grammar;
  }
}
