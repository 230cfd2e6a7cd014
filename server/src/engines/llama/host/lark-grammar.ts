// Lark's grammars, as clients send them for a custom tool's input: rules, terminals, strings, regular expressions,
// repetitions, imports of `common`, and what may be ignored. Read character by character, without a lexer of its own: a
// text that is made so is one that the grammar's rules can make, whatever a lexer would have preferred.
// Source: Lark's reference of its grammars.

import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { readRegex } from './regex-grammar.ts';
import { NOTHING, REPEATED_MAX, textNode } from './text-node.ts';
import type { TextGrammar, TextNode } from './text-node.ts';

/** An error says what of it can't be kept. */
export function readLark(definition: string): Result<TextGrammar, string> {
  try {
    return ok(new LarkReader(tokensIn(definition)).grammar());
  } catch (error) {
    if (error instanceof Beyond) return err(error.message);
    throw error;
  }
}

/** Leaves the reader from any depth; never leaves this file. */
class Beyond extends Error {}

type Token = { readonly kind: TokenKind; readonly text: string };
type TokenKind = 'name' | 'string' | 'regex' | 'sign' | 'directive' | 'number' | 'line';

const TOKEN =
  /(?<skipped>[ \t\f]+|\/\/[^\n]*|#[^\n]*)|(?<line>\r?\n)|(?<directive>%[a-z]+)|(?<name>[!?]*[A-Za-z_][A-Za-z_0-9]*)|(?<number>-?\d+)|(?<string>"(?:\\.|[^"\\\n])*"i?)|(?<regex>\/(?!\/)(?:\\.|[^/\\\n])+\/[imslux]*)|(?<sign>->|\.\.|[:|()[\]*+?~.,])/y;

function tokensIn(definition: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < definition.length; at = TOKEN.lastIndex) {
    const groups = TOKEN.exec(definition)?.groups;
    if (groups === undefined) throw new Beyond(`'${definition.slice(at, at + 8)}' is not known`);
    const found = Object.entries(groups).find(([, text]) => text !== undefined);
    if (found === undefined || found[0] === 'skipped') continue;
    // The names of the pattern's other groups are the kinds.
    tokens.push({ kind: found[0] as TokenKind, text: found[1] ?? '' });
  }
  return tokens;
}

/** Between two words the model may put so much of what is ignored; Lark knows no bound, and models should have one. */
const IGNORED_MAX = 4;
/** Deeper ones are no grammars of tools. */
const DEPTH_MAX = 64;
const RULES_MAX = 500;

class LarkReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  readonly #rules = new Map<string, TextNode>();
  readonly #ignored: TextNode[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  grammar(): TextGrammar {
    while (this.#at < this.#tokens.length) {
      if (this.#take('line')) continue;
      const { kind, text } = this.#next();
      if (kind === 'directive') this.#direct(text);
      else if (kind === 'name') this.#define(nameOf(text));
      else throw new Beyond(`a line begins with '${text.slice(0, 20)}'`);
    }
    if (!this.#rules.has('start')) throw new Beyond("there is no rule 'start'");
    for (const node of this.#rules.values()) this.#assertKnown(node);
    return { rules: this.#withIgnored(), start: 'start' };
  }

  #define(name: string): void {
    if (this.#takeSign('.')) this.#expect('number');
    this.#expectSign(':');
    if (this.#rules.size >= RULES_MAX) throw new Beyond(`it has more than ${RULES_MAX} rules`);
    if (this.#rules.has(name)) throw new Beyond(`'${name}' is defined twice`);
    this.#rules.set(name, this.#choice());
    if (this.#at < this.#tokens.length) this.#expect('line');
  }

  #choice(): TextNode {
    if (++this.#depth > DEPTH_MAX) throw new Beyond(`it is deeper than ${DEPTH_MAX} groups`);
    this.#takeBar();
    const nodes = [this.#sequence()];
    while (this.#takeBar()) nodes.push(this.#sequence());
    this.#depth--;
    return nodes.length === 1 ? (nodes[0] ?? NOTHING) : { kind: 'choice', nodes };
  }

  /** On this line, or at the beginning of the next. */
  #takeBar(): boolean {
    let ahead = 0;
    while (this.#peek(ahead)?.kind === 'line') ahead++;
    if (this.#peek(ahead)?.text !== '|' || this.#peek(ahead)?.kind !== 'sign') return false;
    this.#at += ahead + 1;
    return true;
  }

  #sequence(): TextNode {
    const nodes: TextNode[] = [];
    for (;;) {
      const node = this.#atom();
      if (node === undefined) break;
      nodes.push(this.#repeated(node));
    }
    if (this.#takeSign('->')) this.#expect('name');
    return nodes.length === 1 ? (nodes[0] ?? NOTHING) : { kind: 'sequence', nodes };
  }

  /** Undefined at the end of an alternative. */
  #atom(): TextNode | undefined {
    const next = this.#peek();
    if (next === undefined || next.kind === 'line') return undefined;
    switch (next.kind) {
      case 'name':
        this.#at++;
        return { kind: 'rule', name: nameOf(next.text) };
      case 'string':
        this.#at++;
        return this.#takeSign('..')
          ? rangeOf(next.text, this.#expect('string'))
          : stringOf(next.text);
      case 'regex':
        this.#at++;
        return regexOf(next.text);
      default:
        return this.#bracketed();
    }
  }

  #bracketed(): TextNode | undefined {
    if (this.#takeSign('(')) return this.#until(')');
    if (!this.#takeSign('[')) return undefined;
    return { kind: 'repeat', node: this.#until(']'), min: 0, max: 1 };
  }

  #until(sign: string): TextNode {
    const node = this.#choice();
    while (this.#take('line'));
    this.#expectSign(sign);
    return node;
  }

  #repeated(node: TextNode): TextNode {
    if (this.#takeSign('*')) return { kind: 'repeat', node, min: 0 };
    if (this.#takeSign('+')) return { kind: 'repeat', node, min: 1 };
    if (this.#takeSign('?')) return { kind: 'repeat', node, min: 0, max: 1 };
    if (!this.#takeSign('~')) return node;
    const min = Number(this.#expect('number'));
    const max = this.#takeSign('..') ? Number(this.#expect('number')) : min;
    if (min < 0 || min > max || max > REPEATED_MAX) {
      throw new Beyond(`it repeats more than ${REPEATED_MAX} times`);
    }
    return { kind: 'repeat', node, min, max };
  }

  #direct(directive: string): void {
    if (directive === '%ignore') {
      this.#ignored.push(this.#choice());
    } else if (directive === '%import') {
      this.#import();
    } else {
      throw new Beyond(`'${directive}' is not known`);
    }
  }

  /** `common.LF`, `common.LF -> NL`, `common (LF, WS)`. */
  #import(): void {
    if (this.#expect('name') !== 'common') throw new Beyond('it imports more than common');
    if (this.#takeSign('.')) {
      const name = this.#expect('name');
      this.#rules.set(this.#takeSign('->') ? this.#expect('name') : name, common(name));
      return;
    }
    this.#expectSign('(');
    do {
      const name = this.#expect('name');
      this.#rules.set(name, common(name));
    } while (this.#takeSign(','));
    this.#expectSign(')');
  }

  #assertKnown(node: TextNode): void {
    if (node.kind === 'rule' && !this.#rules.has(node.name)) {
      throw new Beyond(`there is no rule '${node.name.slice(0, 100)}'`);
    }
    if (node.kind === 'repeat') this.#assertKnown(node.node);
    if ('nodes' in node) for (const one of node.nodes) this.#assertKnown(one);
  }

  /** Behind every terminal that stands in a rule, and before the first one. */
  #withIgnored(): ReadonlyMap<string, TextNode> {
    if (this.#ignored.length === 0) return this.#rules;
    const node: TextNode = { kind: 'choice', nodes: this.#ignored };
    const gap: TextNode = { kind: 'repeat', node, min: 0, max: IGNORED_MAX };
    const rules = new Map<string, TextNode>();
    for (const [name, body] of this.#rules) {
      const spaced = isTerminal(name) ? body : behindTerminals(body, gap);
      const nodes = [gap, spaced];
      rules.set(name, name === 'start' ? { kind: 'sequence', nodes } : spaced);
    }
    return rules;
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Beyond('it ends too early');
    return token;
  }

  #take(kind: TokenKind): boolean {
    const isNext = this.#peek()?.kind === kind;
    if (isNext) this.#at++;
    return isNext;
  }

  #takeSign(sign: string): boolean {
    const isNext = this.#peek()?.kind === 'sign' && this.#peek()?.text === sign;
    if (isNext) this.#at++;
    return isNext;
  }

  #expect(kind: TokenKind): string {
    const { kind: found, text } = this.#next();
    if (found !== kind)
      throw new Beyond(`'${text.trim().slice(0, 20)}' stands where no such thing may`);
    return text;
  }

  #expectSign(sign: string): void {
    if (!this.#takeSign(sign)) throw new Beyond(`a '${sign}' is missing`);
  }
}

/** Marks before a name only say how a tree is built. */
function nameOf(text: string): string {
  return text.replace(/^[!?]+/, '');
}

function isTerminal(name: string): boolean {
  return /^_*[A-Z]/.test(name);
}

function behindTerminals(node: TextNode, gap: TextNode): TextNode {
  switch (node.kind) {
    case 'set':
      return { kind: 'sequence', nodes: [node, gap] };
    case 'rule':
      return isTerminal(node.name) ? { kind: 'sequence', nodes: [node, gap] } : node;
    case 'repeat':
      return { ...node, node: behindTerminals(node.node, gap) };
    case 'choice':
    case 'sequence':
      return { ...node, nodes: node.nodes.map((one) => behindTerminals(one, gap)) };
  }
}

function stringOf(text: string): TextNode {
  const ignoresCase = text.endsWith('i');
  const said = unescaped(text.slice(1, ignoresCase ? -2 : -1));
  return textNode(said, ignoresCase);
}

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gsu;
const CONTROLS: { readonly [letter: string]: string } = { n: '\n', r: '\r', t: '\t', f: '\f' };

function unescaped(text: string): string {
  return text.replaceAll(ESCAPE, (_, two?: string, four?: string, letter: string = '') => {
    const digits = two ?? four;
    if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
    return CONTROLS[letter] ?? letter;
  });
}

function rangeOf(from: string, to: string): TextNode {
  const points = [from, to].map((text) => unescaped(text.slice(1, -1)).codePointAt(0));
  const [low, high] = points;
  if (low === undefined || high === undefined || high < low)
    throw new Beyond('it has an odd range');
  return { kind: 'set', ranges: [[low, high]] };
}

function regexOf(text: string): TextNode {
  const end = text.lastIndexOf('/');
  const flags = text.slice(end + 1);
  if (flags.includes('x')) throw new Beyond('it has a regular expression with the flag x');
  const settings = { ignoresCase: flags.includes('i'), dotIsAll: flags.includes('s') };
  const read = readRegex(text.slice(1, end), settings);
  if (!read.ok) throw new Beyond(`of a regular expression, ${read.error}`);
  return read.value;
}

/** Lark's own library. */
const COMMON: { readonly [name: string]: string } = {
  CNAME: '[_A-Za-z][_A-Za-z0-9]*',
  CR: '\\r',
  DECIMAL: '[0-9]+\\.[0-9]*|\\.[0-9]+',
  DIGIT: '[0-9]',
  ESCAPED_STRING: '"(?:[^"\\\\\\n]|\\\\.)*"',
  FLOAT: '(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+',
  HEXDIGIT: '[a-fA-F0-9]',
  INT: '[0-9]+',
  LCASE_LETTER: '[a-z]',
  LETTER: '[A-Za-z]',
  LF: '\\n',
  NEWLINE: '(?:\\r?\\n)+',
  NUMBER: '(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?',
  SIGNED_INT: '[+-]?[0-9]+',
  SIGNED_NUMBER: '[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?',
  UCASE_LETTER: '[A-Z]',
  WORD: '[A-Za-z]+',
  WS: '[ \\t\\f\\r\\n]+',
  WS_INLINE: '[ \\t]+',
};

function common(name: string): TextNode {
  const pattern = Object.hasOwn(COMMON, name) ? COMMON[name] : undefined;
  if (pattern === undefined) throw new Beyond(`common has no '${name.slice(0, 100)}'`);
  const read = readRegex(pattern, { ignoresCase: false, dotIsAll: false });
  if (!read.ok) throw new Beyond(read.error);
  return read.value;
}
