// Regular expressions as clients send them for a custom tool's input, or write them into a Lark grammar: the part that is
// regular and that the dialects of Python, Rust and JavaScript have in common. What is beyond it is named, not guessed.

import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { CODE_POINT_MAX, NOTHING, REPEATED_MAX, textNode, without } from './text-node.ts';
import type { CharacterRange, TextGrammar, TextNode } from './text-node.ts';

export type RegexFlags = { readonly ignoresCase: boolean; readonly dotIsAll: boolean };

/** An error says what of it can't be kept. */
export function readRegex(pattern: string, flags: RegexFlags): Result<TextNode, string> {
  const reader = new RegexReader(Array.from(pattern), flags);
  try {
    return ok(reader.whole());
  } catch (error) {
    if (error instanceof Beyond) return err(error.message);
    throw error;
  }
}

/** All of a text. */
export function regexGrammar(pattern: string): Result<TextGrammar, string> {
  const read = readRegex(pattern, { ignoresCase: false, dotIsAll: false });
  return read.ok ? ok({ rules: new Map([['start', read.value]]), start: 'start' }) : read;
}

/** Leaves the reader from any depth; never leaves this file. */
class Beyond extends Error {}

const ALL: CharacterRange = [0, CODE_POINT_MAX];
const DIGITS: readonly CharacterRange[] = [[0x30, 0x39]];
const WORDS: readonly CharacterRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACES: readonly CharacterRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
const LINE_FEED: CharacterRange = [0x0a, 0x0a];

const CLASSES: { readonly [letter: string]: readonly CharacterRange[] } = {
  d: DIGITS,
  w: WORDS,
  s: SPACES,
  D: without([ALL], DIGITS),
  W: without([ALL], WORDS),
  S: without([ALL], SPACES),
};

const CONTROLS: { readonly [letter: string]: number } = {
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  f: 0x0c,
  v: 0x0b,
  0: 0x00,
};

/** Deeper ones are no patterns of tools. */
const DEPTH_MAX = 64;

class RegexReader {
  readonly #characters: readonly string[];
  readonly #flags: RegexFlags;
  #at = 0;
  #depth = 0;

  constructor(characters: readonly string[], flags: RegexFlags) {
    this.#characters = characters;
    this.#flags = flags;
  }

  whole(): TextNode {
    this.#take('^');
    const node = this.#choice();
    if (this.#at < this.#characters.length) throw new Beyond("it has a ')' without its '('");
    return node;
  }

  #choice(): TextNode {
    if (++this.#depth > DEPTH_MAX) throw new Beyond(`it is deeper than ${DEPTH_MAX} groups`);
    const nodes = [this.#sequence()];
    while (this.#take('|')) nodes.push(this.#sequence());
    this.#depth--;
    return nodes.length === 1 ? (nodes[0] ?? NOTHING) : { kind: 'choice', nodes };
  }

  #sequence(): TextNode {
    const nodes: TextNode[] = [];
    for (let next = this.#peek(); next !== undefined && !'|)'.includes(next); next = this.#peek()) {
      if (next === '$' && this.#at === this.#characters.length - 1) {
        this.#at++;
        break;
      }
      nodes.push(this.#repeated(this.#atom()));
    }
    return nodes.length === 1 ? (nodes[0] ?? NOTHING) : { kind: 'sequence', nodes };
  }

  #repeated(atom: TextNode): TextNode {
    let node = atom;
    for (let count = this.#quantifier(); count !== undefined; count = this.#quantifier()) {
      node = { kind: 'repeat', node, ...count };
      // Lazy or not, the language is the same.
      this.#take('?');
    }
    return node;
  }

  #quantifier(): { readonly min: number; readonly max?: number } | undefined {
    if (this.#take('*')) return { min: 0 };
    if (this.#take('+')) return { min: 1 };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#peek() !== '{') return undefined;
    const rest = this.#characters.slice(this.#at, this.#at + BRACES_MAX).join('');
    const [whole, from, comma, to] = /^\{(\d+)(,?)(\d*)\}/.exec(rest) ?? [];
    if (whole === undefined) return undefined;
    this.#at += whole.length;
    const min = Number(from);
    const max = to ? Number(to) : min;
    if (max > REPEATED_MAX || min > max)
      throw new Beyond(`it repeats more than ${REPEATED_MAX} times`);
    return comma === ',' && to === '' ? { min } : { min, max };
  }

  #atom(): TextNode {
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return this.#set();
      case '.':
        return { kind: 'set', ranges: this.#flags.dotIsAll ? [ALL] : without([ALL], [LINE_FEED]) };
      case '\\':
        return this.#escape();
      case '^':
      case '$':
        throw new Beyond(`it has a '${character}' in its middle`);
      case '*':
      case '+':
      case '?':
        throw new Beyond(`it has a '${character}' with nothing before it`);
      default:
        return this.#text(character);
    }
  }

  #group(): TextNode {
    if (this.#take('?')) {
      const rest = this.#characters.slice(this.#at, this.#at + NAME_MAX).join('');
      const [opening] = /^(?::|P?<[A-Za-z_]\w*>)/.exec(rest) ?? [];
      if (opening === undefined) throw new Beyond('it looks around or sets flags');
      this.#at += opening.length;
    }
    const node = this.#choice();
    if (!this.#take(')')) throw new Beyond("it has a '(' without its ')'");
    return node;
  }

  #set(): TextNode {
    const isNegated = this.#take('^');
    const ranges: CharacterRange[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      const from = this.#inSet();
      if (typeof from !== 'number') {
        ranges.push(...from);
        continue;
      }
      const isRange = this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== undefined;
      if (isRange) this.#at++;
      const to = isRange ? this.#inSet() : from;
      if (typeof to !== 'number' || to < from) throw new Beyond('it has a range that is none');
      ranges.push([from, to]);
    }
    this.#at++;
    const all = this.#flags.ignoresCase ? bothCases(ranges) : ranges;
    return { kind: 'set', ranges: isNegated ? without([ALL], all) : all };
  }

  #inSet(): number | readonly CharacterRange[] {
    const character = this.#next();
    if (character === '[' && ':.='.includes(this.#peek() ?? ' ')) {
      throw new Beyond('it has a class of POSIX');
    }
    if (character !== '\\') return pointOf(character);
    const letter = this.#next();
    const known = classOf(letter);
    return known ?? (letter === 'b' ? 0x08 : this.#escaped(letter));
  }

  #escape(): TextNode {
    const letter = this.#next();
    const ranges = classOf(letter);
    if (ranges !== undefined) return { kind: 'set', ranges };
    if ('bBAzZG'.includes(letter)) throw new Beyond(`'\\${letter}' looks around`);
    if (/[1-9k]/.test(letter)) throw new Beyond('it refers back to a group');
    return this.#text(String.fromCodePoint(this.#escaped(letter)));
  }

  #escaped(letter: string): number {
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (letter === 'x' || letter === 'u') return this.#hexadecimal(letter === 'x' ? 2 : 4);
    if (/[A-Za-z0-9]/.test(letter)) throw new Beyond(`'\\${letter}' is not known`);
    return pointOf(letter);
  }

  #hexadecimal(length: number): number {
    const rest = this.#characters.slice(this.#at, this.#at + NAME_MAX).join('');
    const [whole, braced, plain] = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]+))/.exec(rest) ?? [];
    const digits = braced ?? plain?.slice(0, length) ?? '';
    const point = Number.parseInt(digits, 16);
    const isWhole = whole !== undefined && (braced !== undefined || digits.length === length);
    if (!isWhole || point > CODE_POINT_MAX) throw new Beyond('it has half an escape');
    this.#at += braced === undefined ? length : whole.length;
    return point;
  }

  #text(text: string): TextNode {
    return textNode(text, this.#flags.ignoresCase);
  }

  #peek(ahead = 0): string | undefined {
    return this.#characters[this.#at + ahead];
  }

  #next(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw new Beyond('it ends too early');
    return character;
  }

  #take(character: string): boolean {
    const isNext = this.#peek() === character;
    if (isNext) this.#at++;
    return isNext;
  }
}

const BRACES_MAX = 24;
const NAME_MAX = 64;

function classOf(letter: string): readonly CharacterRange[] | undefined {
  return Object.hasOwn(CLASSES, letter) ? CLASSES[letter] : undefined;
}

function pointOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

const UPPER: CharacterRange = [0x41, 0x5a];
const TO_LOWER = 0x20;

/** Of the letters of ASCII. */
function bothCases(ranges: readonly CharacterRange[]): readonly CharacterRange[] {
  return ranges.flatMap(([from, to]): CharacterRange[] => {
    const [low, high] = UPPER;
    const upper: CharacterRange = [Math.max(from, low), Math.min(to, high)];
    const lower: CharacterRange = [
      Math.max(from, low + TO_LOWER) - TO_LOWER,
      Math.min(to, high + TO_LOWER) - TO_LOWER,
    ];
    const other: CharacterRange[] = [];
    if (upper[0] <= upper[1]) other.push([upper[0] + TO_LOWER, upper[1] + TO_LOWER]);
    if (lower[0] <= lower[1]) other.push(lower);
    return [[from, to], ...other];
  });
}
