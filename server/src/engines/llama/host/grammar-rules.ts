// Grows a grammar in llama.cpp's notation (GBNF): named rules, literals, repetitions. Every grammar has a size, so that
// no schema can make the engine busy with itself.

import type { Result } from '../../../lib/result.ts';

/** Of the whole grammar: parsing this much takes llama.cpp about 20 ms. */
export const GRAMMAR_CHARACTERS_MAX = 262_144;
/** llama.cpp unrolls a repetition into rules, and refuses more than 2,000 of them at one place. */
const UNROLLED_MAX = 64;

export class GrammarRules {
  readonly #rules = new Map<string, string>();
  #characters = 0;
  #names = 0;

  get isTooLarge(): boolean {
    return this.#characters > GRAMMAR_CHARACTERS_MAX;
  }

  /** A name for a rule whose body comes later, so that it may speak of itself. */
  reserve(): string {
    this.#names += 1;
    return `r${this.#names}`;
  }

  define(name: string, body: string): string {
    this.#rules.set(name, body);
    this.#characters += name.length + body.length;
    return name;
  }

  /** Takes back what was added by what came to nothing. */
  attempt<T, E>(make: () => Result<T, E>): Result<T, E> {
    const [before, characters] = [this.#rules.size, this.#characters];
    const made = make();
    if (made.ok) return made;
    for (const name of [...this.#rules.keys()].slice(before)) this.#rules.delete(name);
    this.#characters = characters;
    return made;
  }

  add(body: string): string {
    return this.define(this.reserve(), body);
  }

  /** A rule that many places share; `name` may hold lower-case letters, digits and hyphens. */
  once(name: string, body: () => string): string {
    if (this.#rules.has(name)) return name;
    this.#rules.set(name, '');
    return this.define(name, body());
  }

  /**
   * `symbol`, so many times. Long repetitions are chains of whole blocks, each of which may be left for a shorter end:
   * at most two ways to read a text at any place, where nested repetitions would have hundreds.
   */
  times(symbol: string, min: number, max: number): string {
    if (max <= UNROLLED_MAX) return `${symbol}{${min},${max}}`;
    return this.once(`${symbol}-${min}-to-${max}`, () => this.#chain(symbol, min, max));
  }

  #chain(symbol: string, min: number, max: number): string {
    const block = this.once(`${symbol}-block`, () => `${symbol}{${UNROLLED_MAX}}`);
    const blocks = Math.floor(min / UNROLLED_MAX);
    let fixed = '';
    for (let i = 0; i < blocks; i += 1) fixed += `${block} `;
    if (min % UNROLLED_MAX > 0) fixed += `${symbol}{${min % UNROLLED_MAX}} `;
    return fixed + this.#upTo(symbol, block, max - min);
  }

  text(root: string): string {
    let text = `root ::= ${root}\n`;
    for (const [name, body] of this.#rules) text += `${name} ::= ${body}\n`;
    return text;
  }

  #upTo(symbol: string, block: string, max: number): string {
    const rest = max % UNROLLED_MAX;
    const most = UNROLLED_MAX - 1;
    let end = this.once(`${symbol}-up-to-${rest}`, () => `${symbol}{0,${rest}}`);
    for (let size = rest + UNROLLED_MAX; size <= max; size += UNROLLED_MAX) {
      const shorter = end;
      end = this.once(
        `${symbol}-up-to-${size}`,
        () => `${block} ${shorter} | ${symbol}{0,${most}}`,
      );
    }
    return end;
  }
}

/** Text as it stands; JSON has no control characters, so only line breaks of our own need care. */
export function literal(text: string): string {
  return `"${text.replaceAll(/["\\]/gu, '\\$&').replaceAll('\n', '\\n')}"`;
}

export function anyOf(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? (alternatives[0] ?? '') : `(${alternatives.join(' | ')})`;
}
