// A grammar of text without recursion as an automaton with one way to read any text. Everything has a bound: a grammar that
// would need a larger one is not held.

import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { CODE_POINT_MAX, without } from './text-node.ts';
import type { CharacterRange, TextGrammar, TextNode } from './text-node.ts';

export type State = {
  /** The text may end here. */
  readonly isEnd: boolean;
  /** Their ranges have nothing in common. */
  readonly next: readonly { readonly ranges: readonly CharacterRange[]; readonly state: number }[];
};

/** Of sets of characters, with all that is repeated written out; Codex's patches have 200. */
const PLACES_MAX = 4_096;
/** Each becomes a rule; llama.cpp reads a thousand of them in a few milliseconds. */
const STATES_MAX = 2_048;
/** About 50 ms. */
const STEPS_MAX = 2_000_000;

/** The first state is where a text begins. */
export function automatonOf(grammar: TextGrammar): Result<readonly State[], string> {
  const plain = withoutDirectRecursion(grammar);
  const problem = sizeProblem(plain);
  if (problem !== undefined) return err(problem);
  const places = new Places(plain.rules);
  const end = places.add();
  const start = places.before({ kind: 'rule', name: plain.start }, end);
  return determined(places, start, end);
}

/** `list: list "," item | item` is `list: item ("," item)*`. */
function withoutDirectRecursion({ rules, start }: TextGrammar): TextGrammar {
  const plain = new Map<string, TextNode>();
  for (const [name, node] of rules) {
    const alternatives = node.kind === 'choice' ? node.nodes : [node];
    const tails: TextNode[] = [];
    const heads: TextNode[] = [];
    for (const one of alternatives) {
      const [first, ...tail] = one.kind === 'sequence' ? one.nodes : [one];
      const isOwn = first?.kind === 'rule' && first.name === name;
      if (!isOwn) heads.push(one);
      else if (tail.length > 0) tails.push({ kind: 'sequence', nodes: tail });
    }
    const more: TextNode = { kind: 'repeat', node: { kind: 'choice', nodes: tails }, min: 0 };
    const head: TextNode = { kind: 'choice', nodes: heads };
    plain.set(name, tails.length === 0 ? node : { kind: 'sequence', nodes: [head, more] });
  }
  return { rules: plain, start };
}

function sizeProblem({ rules, start }: TextGrammar): string | undefined {
  const sizes = new Map<string, number>();
  const under = new Set<string>();
  let circle: string | undefined;
  const sizeOf = (name: string): number => {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    const node = rules.get(name);
    if (under.has(name)) circle ??= name;
    if (node === undefined || circle !== undefined) return 0;
    under.add(name);
    const size = placesIn(node, sizeOf);
    under.delete(name);
    sizes.set(name, size);
    return size;
  };
  const size = sizeOf(start);
  if (circle !== undefined) return `the rule '${circle.slice(0, SHOWN_MAX)}' contains itself`;
  return size > PLACES_MAX ? `it has ${size} places, and ${PLACES_MAX} are the most` : undefined;
}

const SHOWN_MAX = 100;

/** At least one, so that what says nothing is bounded too. */
function placesIn(node: TextNode, sizeOf: (rule: string) => number): number {
  switch (node.kind) {
    case 'set':
      return 1;
    case 'rule':
      return 1 + sizeOf(node.name);
    case 'repeat':
      return 1 + placesIn(node.node, sizeOf) * Math.max(1, node.min, node.max ?? 1);
    case 'choice':
    case 'sequence':
      return node.nodes.reduce((sum, one) => sum + placesIn(one, sizeOf), 1);
  }
}

type Step = { readonly ranges: readonly CharacterRange[]; readonly to: number };

/** Of many ways: from each place by a character to another, or to others without one. */
class Places {
  readonly #rules: ReadonlyMap<string, TextNode>;
  readonly steps: Step[][] = [];
  readonly jumps: number[][] = [];

  constructor(rules: ReadonlyMap<string, TextNode>) {
    this.#rules = rules;
  }

  add(...jumps: readonly number[]): number {
    this.steps.push([]);
    return this.jumps.push([...jumps]) - 1;
  }

  /** The place where a text of this node begins that ends at `end`. */
  before(node: TextNode, end: number): number {
    switch (node.kind) {
      case 'set': {
        const at = this.add();
        this.steps[at]?.push({ ranges: node.ranges, to: end });
        return at;
      }
      case 'rule': {
        const body = this.#rules.get(node.name);
        return body === undefined ? this.add() : this.before(body, end);
      }
      case 'sequence':
        return node.nodes.reduceRight((to, one) => this.before(one, to), end);
      case 'choice':
        return this.add(...node.nodes.map((one) => this.before(one, end)));
      case 'repeat':
        return this.#repeated(node.node, node.min, node.max, end);
    }
  }

  #repeated(node: TextNode, min: number, max: number | undefined, end: number): number {
    let at = end;
    if (max === undefined) {
      at = this.add(end);
      this.jumps[at]?.push(this.before(node, at));
    } else {
      for (let more = min; more < max; more++) at = this.add(end, this.before(node, at));
    }
    for (let times = 0; times < min; times++) at = this.before(node, at);
    return at;
  }
}

type Reached = { readonly places: readonly number[]; readonly state: number };

function determined(places: Places, start: number, end: number): Result<readonly State[], string> {
  const states: State[] = [];
  const known = new Map<string, number>();
  const waiting: Reached[] = [];
  const alphabet = classesIn(places);
  let steps = 0;
  const reach = (from: readonly number[]): number => {
    const all = closure(places, from);
    steps += all.length;
    const key = all.join();
    const before = known.get(key);
    if (before !== undefined) return before;
    const state = known.size;
    known.set(key, state);
    waiting.push({ places: all, state });
    return state;
  };
  reach([start]);
  for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
    const bySet = new Map<number, CharacterRange[]>();
    const ways = one.places.flatMap((place) => places.steps[place] ?? []);
    for (const range of alphabet) {
      const to = targets(ways, range);
      steps += ways.length;
      if (to.length === 0) continue;
      const state = reach(to);
      const ranges = bySet.get(state);
      if (ranges === undefined) bySet.set(state, [range]);
      else joined(ranges, range);
    }
    if (known.size > STATES_MAX || steps > STEPS_MAX) {
      return err('there are too many ways to read it');
    }
    const next = [...bySet].map(([state, ranges]) => ({ ranges, state }));
    states[one.state] = { isEnd: one.places.includes(end), next };
  }
  const dead = states.every(({ isEnd }) => !isEnd);
  return dead ? err('no text can satisfy it') : ok(states);
}

function joined(ranges: CharacterRange[], [from, to]: CharacterRange): void {
  const last = ranges.at(-1);
  if (last?.[1] === from - 1) ranges.splice(-1, 1, [last[0], to]);
  else ranges.push([from, to]);
}

/** With all that is reached without a character; sorted, so that the same places are the same state. */
function closure({ jumps }: Places, from: readonly number[]): readonly number[] {
  const all = new Set(from);
  for (const place of all) for (const next of jumps[place] ?? []) all.add(next);
  return [...all].toSorted((a, b) => a - b);
}

function targets(ways: readonly Step[], [low]: CharacterRange): readonly number[] {
  const to: number[] = [];
  for (const { ranges, to: place } of ways) {
    for (const [first, last] of ranges) {
      if (first > low || low > last) continue;
      if (!to.includes(place)) to.push(place);
      break;
    }
  }
  return to;
}

/** Halves of characters are none. */
const SURROGATES: CharacterRange = [0xd8_00, 0xdf_ff];

/** Ranges of characters that no place tells apart. */
function classesIn({ steps }: Places): readonly CharacterRange[] {
  const cuts = new Set([0, CODE_POINT_MAX + 1]);
  for (const { ranges } of steps.flat()) {
    for (const [from, to] of ranges) cuts.add(from).add(to + 1);
  }
  const sorted = [...cuts].toSorted((a, b) => a - b);
  const classes = sorted.slice(1).map((to, at): CharacterRange => [sorted[at] ?? 0, to - 1]);
  return without(classes, [SURROGATES]);
}
