// One source file as the rules see it: its text, its syntax tree, its comments and what it imports.

import { parseSync, visitorKeys } from 'oxc-parser';

/** A syntax node: what every node has, and whatever else its kind brings. */
export type Node = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
};

type NodeInPlace = readonly [node: Node, ancestors: readonly Node[]];

type Comment = { readonly text: string; readonly start: number; readonly end: number };

export type Import = {
  /** As it is written. */
  readonly specifier: string;
  /** Path from the root of the repository; undefined for packages. */
  readonly path?: string;
  readonly line: number;
};

export type Source = {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  /** Every node, parents first, each with its ancestors from the root down. */
  readonly nodes: readonly NodeInPlace[];
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  /** 1 for the first. */
  lineOf(offset: number): number;
};

export function parseSource(path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} can't be parsed: ${error.message}`);
  const starts = lineStarts(text);
  const lineOf = (offset: number): number => lineAt(starts, offset);
  // The parser's types list every kind of node; the rules need only what all have in common.
  const root = program as unknown as Node;
  const nodes: NodeInPlace[] = [];
  collect(root, [], nodes);
  return {
    path,
    text,
    program: root,
    nodes,
    comments: comments.map(({ value, start, end }) => ({ text: value, start, end })),
    imports: importsOf(path, nodes, lineOf),
    lineOf,
  };
}

function collect(node: Node, ancestors: readonly Node[], into: NodeInPlace[]): void {
  into.push([node, ancestors]);
  const below = [...ancestors, node];
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    if (Array.isArray(value)) {
      for (const child of value) if (isNode(child)) collect(child, below, into);
    } else if (isNode(value)) collect(value, below, into);
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** The text of a node that is a string literal. */
export function literalText(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'TSLiteralType') return literalText(value['literal']);
  return value.type === 'Literal' && typeof value['value'] === 'string'
    ? value['value']
    : undefined;
}

/** Static, dynamic, re-exported and in types: all of them tie one file to another. */
function importsOf(
  path: string,
  nodes: readonly NodeInPlace[],
  lineOf: (offset: number) => number,
): Import[] {
  const imports: Import[] = [];
  for (const [node] of nodes) {
    if (!IMPORTING.has(node.type)) continue;
    const specifier = literalText(node['source']) ?? literalText(node['argument']);
    if (specifier === undefined) continue;
    const line = lineOf(node.start);
    const target = pathOf(path, specifier);
    imports.push({ specifier, line, ...(target !== undefined && { path: target }) });
  }
  return imports;
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

const CONTRACT = '@turnpike/contract/';

function pathOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(CONTRACT)) return `contract/src/${specifier.slice(CONTRACT.length)}`;
  if (!/^\.{1,2}\//.test(specifier)) return undefined;
  const steps = from.split('/').slice(0, -1);
  for (const step of specifier.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.') steps.push(step);
  }
  return steps.join('/');
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
