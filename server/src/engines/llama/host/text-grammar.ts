// What a custom tool's input may be, in llama.cpp's notation, by way of an automaton: llama.cpp follows every way to read a text at once, so a grammar as a client
// wrote it could keep it busy for minutes at each character; of an automaton there is one way. The input travels in a
// string of JSON, so every character is written as that string has it.

import { ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { literal } from './grammar-rules.ts';
import type { GrammarRules } from './grammar-rules.ts';
import { automatonOf } from './text-automaton.ts';
import type { State } from './text-automaton.ts';
import { without } from './text-node.ts';
import type { CharacterRange, TextGrammar } from './text-node.ts';

/** The rule for the text between the quotes; an error says what can't be kept. */
export function textRule(grammar: TextGrammar, rules: GrammarRules): Result<string, string> {
  const automaton = automatonOf(grammar);
  if (!automaton.ok) return automaton;
  const names = automaton.value.map(() => rules.reserve());
  for (const [at, state] of automaton.value.entries()) {
    rules.define(names[at] ?? '', bodyOf(state, names));
  }
  return ok(names[0] ?? '""');
}

function bodyOf({ isEnd, next }: State, names: readonly string[]): string {
  const alternatives = next.flatMap(({ ranges, state }) =>
    written(ranges).map((one) => `${one} ${names[state] ?? ''}`),
  );
  if (isEnd) alternatives.push('""');
  return alternatives.join(' | ');
}

/** Those that a string of JSON has to escape, as `JSON.stringify` does it. */
const ESCAPED: readonly CharacterRange[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
];

function written(ranges: readonly CharacterRange[]): readonly string[] {
  const plain = without(ranges, ESCAPED);
  const set = plain.map(([from, to]) => `${inSet(from)}-${inSet(to)}`).join('');
  const escaped = ESCAPED.flatMap((range) => codePoints(ranges, range));
  return [
    ...(set === '' ? [] : [`[${set}]`]),
    ...escaped.map((point) => literal(JSON.stringify(String.fromCodePoint(point)).slice(1, -1))),
  ];
}

function inSet(point: number): string {
  return `\\U${point.toString(16).padStart(8, '0')}`;
}

function codePoints(ranges: readonly CharacterRange[], [low, high]: CharacterRange): number[] {
  const found: number[] = [];
  for (let point = low; point <= high; point++) {
    if (ranges.some(([from, to]) => from <= point && point <= to)) found.push(point);
  }
  return found;
}
