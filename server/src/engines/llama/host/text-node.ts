// What a custom tool's input may be, as a tree: regular expressions and Lark grammars are read into it.

/** From and to, both included. */
export type CharacterRange = readonly [number, number];

export type TextNode =
  | { readonly kind: 'set'; readonly ranges: readonly CharacterRange[] }
  | { readonly kind: 'sequence'; readonly nodes: readonly TextNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly TextNode[] }
  /** Without `max`, any number of times. */
  | {
      readonly kind: 'repeat';
      readonly node: TextNode;
      readonly min: number;
      readonly max?: number;
    }
  | { readonly kind: 'rule'; readonly name: string };

export type TextGrammar = {
  readonly rules: ReadonlyMap<string, TextNode>;
  readonly start: string;
};

export const CODE_POINT_MAX = 0x10_ff_ff;
/** More are no inputs of tools. */
export const REPEATED_MAX = 1_000;

export const NOTHING: TextNode = { kind: 'sequence', nodes: [] };

export function textNode(text: string, ignoresCase = false): TextNode {
  const nodes = Array.from(text, (character): TextNode => {
    const cases = ignoresCase ? [character.toLowerCase(), character.toUpperCase()] : [];
    // Some letters become two where they change their case.
    const all = [character, ...cases.filter(({ length }) => length === character.length)];
    const points = new Set(all.map((one) => one.codePointAt(0) ?? 0));
    return { kind: 'set', ranges: [...points].map((point) => [point, point]) };
  });
  return nodes.length === 1 ? (nodes[0] ?? NOTHING) : { kind: 'sequence', nodes };
}

export function without(
  ranges: readonly CharacterRange[],
  taken: readonly CharacterRange[],
): readonly CharacterRange[] {
  let left = ranges;
  for (const [from, to] of taken) {
    left = left.flatMap(([low, high]): CharacterRange[] => {
      if (high < from || low > to) return [[low, high]];
      const before: CharacterRange[] = low < from ? [[low, from - 1]] : [];
      return high > to ? [...before, [to + 1, high]] : before;
    });
  }
  return left;
}
