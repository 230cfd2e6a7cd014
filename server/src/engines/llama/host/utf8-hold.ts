// Turns tokens into text without ever cutting a character: bytes that may still become one are held back.

import type { LlamaModel, Token } from 'node-llama-cpp';

/** What detokenising makes of bytes that are no whole character. */
const INCOMPLETE = '\uFFFD';
/** A character has at most four bytes and a token at least one: a longer wait can't complete it. */
const TOKENS_HELD_MAX = 4;
/** Tokenisers of the SentencePiece kind need to know what stood before, or they drop a space. */
const TOKENS_BEFORE = 4;

export class Utf8Hold {
  readonly #model: LlamaModel;
  /** Tokens whose text must be seen although they are control tokens, such as the tags around thinking. */
  readonly #spelled: ReadonlyMap<Token, string>;
  #before: Token[];
  #held: Token[] = [];

  constructor(model: LlamaModel, spelled: ReadonlyMap<Token, string>, before: readonly Token[]) {
    this.#model = model;
    this.#spelled = spelled;
    this.#before = before.slice(-TOKENS_BEFORE);
  }

  push(token: Token): string {
    const spelled = this.#spelled.get(token);
    if (spelled !== undefined) return this.end() + spelled;
    this.#held.push(token);
    let released = '';
    for (;;) {
      const text = this.#textOf(this.#held);
      if (!text.endsWith(INCOMPLETE)) return released + this.#release(this.#held.length, text);
      if (this.#held.length <= TOKENS_HELD_MAX) return released;
      released += this.#release(1, this.#textOf(this.#held.slice(0, 1)));
    }
  }

  /** Nothing more comes: what is left of a character is dropped. */
  end(): string {
    const text = this.#release(this.#held.length, this.#textOf(this.#held));
    return text.replace(/\uFFFD+$/u, '');
  }

  #release(count: number, text: string): string {
    const gone = this.#held.splice(0, count);
    this.#before = [...this.#before, ...gone].slice(-TOKENS_BEFORE);
    return text;
  }

  #textOf(tokens: readonly Token[]): string {
    return tokens.length === 0 ? '' : this.#model.detokenize(tokens, false, this.#before);
  }
}
