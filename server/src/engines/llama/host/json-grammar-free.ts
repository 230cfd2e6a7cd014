// Any JSON at all, where a schema leaves the value open: bounded in depth and size, so that it comes to an end.

import type { GrammarRules } from './grammar-rules.ts';
import { NO_BOUNDS, numberRule } from './json-grammar-numbers.ts';
import { stringRule } from './json-grammar-strings.ts';

export type JsonBounds = {
  /** Of strings and arrays that the schema does not bound, so that a model that repeats itself comes to an end. */
  readonly stringCharactersMax: number;
  readonly arrayItemsMax: number;
};

/** Where the schema leaves the value open: objects in objects, so deep. */
const FREE_DEPTH = 4;
export const FREE_KEY_CHARACTERS_MAX = 64;

export type FreeType = 'value' | 'object' | 'array';

export function freeRule(type: FreeType, rules: GrammarRules, bounds: JsonBounds): string {
  return freeAt(type, rules, bounds, FREE_DEPTH);
}

/** Any JSON, as deep as `depth`. */
function freeAt(type: FreeType, rules: GrammarRules, bounds: JsonBounds, depth: number): string {
  return rules.once(`free-${type}-${depth}`, () => {
    const text = rules.once('free-string', () => stringRule(rules, 0, bounds.stringCharactersMax));
    if (type === 'value') {
      const number = rules.once('free-number', () => numberRule(NO_BOUNDS) ?? '"0"');
      const plain = `${text} | ${number} | "true" | "false" | "null"`;
      if (depth === 0) return plain;
      return `${freeAt('object', rules, bounds, depth)} | ${freeAt('array', rules, bounds, depth)} | ${plain}`;
    }
    const value = freeAt('value', rules, bounds, depth - 1);
    const key = rules.once('free-key', () => stringRule(rules, 0, FREE_KEY_CHARACTERS_MAX));
    const item =
      type === 'array' ? value : rules.once(`free-pair-${depth}`, () => `${key} ": " ${value}`);
    const more = rules.once(`free-more-${type}-${depth}`, () => `", " ${item}`);
    const [open, close] = type === 'array' ? ['"["', '"]"'] : ['"{"', '"}"'];
    return `${open} (${item} ${rules.times(more, 0, bounds.arrayItemsMax - 1)})? ${close}`;
  });
}
