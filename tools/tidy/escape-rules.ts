// Ways around the type system, the composition root and the till: each is closed, or asks for its reason.

import { isContractSuite, isTest, roomOf } from './house.ts';
import type { Mistake, SourceRule } from './rule.ts';
import { isNode, type Node, type Source } from './source.ts';

function mistakes(
  source: Source,
  judge: (node: Node, ancestors: readonly Node[]) => string | undefined,
): readonly Mistake[] {
  const found: Mistake[] = [];
  for (const [node, ancestors] of source.nodes) {
    const message = judge(node, ancestors);
    if (message !== undefined) {
      found.push({ path: source.path, line: source.lineOf(node.start), message });
    }
  }
  return found;
}

function isMember(node: Node, object: string, property: string): boolean {
  return (
    node.type === 'MemberExpression' &&
    isNamed(node['object'], object) &&
    isNamed(node['property'], property)
  );
}

function isNamed(value: unknown, name: string): boolean {
  return isNode(value) && (value['name'] === name || value['value'] === name);
}

export const noAny: SourceRule = {
  name: 'no any',
  check: (source) =>
    mistakes(source, ({ type }) =>
      type === 'TSAnyKeyword' ? `'any' switches checking off; say 'unknown' and look.` : undefined,
    ),
  planted: { 'server/src/lib/a.ts': `// x\nexport const a: any = 1;` },
  allowed: { 'server/src/lib/a.ts': `// x\nexport const any: unknown = 'any';` },
};

export const noNonNull: SourceRule = {
  name: 'no non-null assertion',
  check: (source) =>
    mistakes(source, ({ type }) =>
      type === 'TSNonNullExpression' ? `'!' is a claim without proof; test for it.` : undefined,
    ),
  planted: { 'server/src/lib/a.ts': `// x\nexport const a = [1][0]!;` },
  allowed: { 'server/src/lib/a.ts': `// x\nexport const a = !true !== false;` },
};

export const reasonForAs: SourceRule = {
  name: 'an `as` has its reason in a comment',
  check(source) {
    const commented = new Set(
      source.comments.flatMap(({ start, end }) => [source.lineOf(start), source.lineOf(end)]),
    );
    return mistakes(source, (node, ancestors) => {
      if (node.type === 'TSTypeAssertion') return `write 'as' instead of '<T>'.`;
      if (node.type !== 'TSAsExpression' || isConst(node)) return undefined;
      const statement = ancestors.findLast(({ type }) => STATEMENT.test(type)) ?? node;
      const lines = [source.lineOf(node.start), source.lineOf(node.end)];
      const above = [source.lineOf(statement.start) - 1, source.lineOf(node.start) - 1];
      if ([...lines, ...above].some((line) => commented.has(line))) return undefined;
      return `an 'as' needs its reason in a comment on its line or the line above.`;
    });
  },
  planted: {
    'server/src/lib/a.ts': `// x\n\nexport const a = 1 as unknown;\n\nconst b = <unknown>1;`,
  },
  allowed: {
    'server/src/lib/a.ts': `// x\n\n/** As it is. */\nexport const a = 1 as unknown;\nconst b = 1 as unknown; // why\nconst c = [1] as const;\nconst d = 1 satisfies number;`,
  },
};

const STATEMENT = /(?:Statement|Declaration|PropertyDefinition)$/;

function isConst(node: Node): boolean {
  const to = node['typeAnnotation'];
  return isNode(to) && to.type === 'TSTypeReference' && isNamed(to['typeName'], 'const');
}

/** The composition root and the command line hand the environment to the one reader of it; what starts programs passes it on. */
const ENVIRONMENT_READERS = [
  'server/src/compose.ts',
  'server/src/config.ts',
  'cli/src/main.ts',
  // Hands the model's process the few variables that it needs.
  'server/src/engines/llama/host-process.ts',
  'bench/',
  'tools/',
  'bootstrap.mjs',
];

export const oneEnvironmentReader: SourceRule = {
  name: 'only config.ts reads the environment',
  check(source) {
    if (isTest(source.path)) return [];
    if (ENVIRONMENT_READERS.some((path) => source.path.startsWith(path))) return [];
    return mistakes(source, (node) => {
      const reads = isMember(node, 'process', 'env') || takesEnv(node);
      return reads ? 'settings come in through server/src/config.ts.' : undefined;
    });
  },
  planted: {
    'server/src/store/a.ts': `// x\nexport const a = process.env['HOME'];`,
    'server/src/store/b.ts': `// x\nconst { env } = process;`,
    'server/src/store/c.ts': `// x\nimport { env } from 'node:process';`,
  },
  allowed: {
    'server/src/store/a.ts': `// x\nexport const a = 'process.env.HOME';\nconst { platform } = process;`,
    'cli/src/main.ts': `// x\nexport const a = process.env;`,
  },
};

/** `const { env } = process` and `import { env } from 'node:process'`. */
function takesEnv(node: Node): boolean {
  const { type } = node;
  if (type === 'ImportDeclaration' && isNamed(node['source'], 'node:process')) {
    return [node['specifiers']]
      .flat()
      .some((one) => isNode(one) && isNamed(one['imported'], 'env'));
  }
  if (type !== 'VariableDeclarator' || !isNamed(node['init'], 'process')) return false;
  const fields = isNode(node['id']) ? [node['id']['properties']].flat() : [];
  return fields.some((field) => isNode(field) && isNamed(field['key'], 'env'));
}

export const ticketsFromTheGateway: SourceRule = {
  name: 'only the gateway issues tickets',
  check(source) {
    if (isTest(source.path) || isContractSuite(source.path)) return [];
    if (roomOf(source.path) === 'gateway') return [];
    return mistakes(source, (node) =>
      isMember(node, 'Ticket', 'issue') || isMember(node, 'EmbeddingTicket', 'issue')
        ? 'an engine must not run without a hold; only gateway/ issues tickets.'
        : undefined,
    );
  },
  planted: { 'server/src/control/a.ts': `// x\nexport const a = Ticket.issue(hold, facts);` },
  allowed: {
    'server/src/gateway/a.ts': `// x\nexport const a = Ticket.issue(hold, facts);`,
    'server/src/ports/engine.contract.ts': `// x\nexport const a = Ticket.issue(hold, facts);`,
  },
};

/** What a pure function can't have: the moment, chance and the outside come in as values. */
const IMPURE: readonly (readonly [string, string])[] = [
  ['Date', 'now'],
  ['performance', 'now'],
  ['Math', 'random'],
  ['crypto', 'randomUUID'],
];
const PURE_MODULES = ['node:crypto', 'node:zlib', 'node:buffer', 'zod'];
const IMPURE_NAMES = [
  'randomBytes',
  'randomUUID',
  'randomInt',
  'setTimeout',
  'setInterval',
  'fetch',
];

export const pureCore: SourceRule = {
  name: 'domain/ and protocols/ have no I/O, no clock, no chance, no async',
  check(source) {
    const room = roomOf(source.path);
    if (room !== 'domain' && room !== 'protocols') return [];
    return mistakes(source, (node) => impurity(node, source));
  },
  planted: {
    'server/src/domain/a.ts': `// x\nexport const a = Date.now();`,
    'server/src/domain/b.ts': `// x\nexport async function b() {}`,
    'server/src/protocols/c.ts': `// x\nimport { readFileSync } from 'node:fs';`,
    'server/src/protocols/d.ts': `// x\nexport const d = new Date();`,
    'server/src/protocols/e.ts': `// x\nexport const e = randomBytes(3);`,
  },
  allowed: {
    'server/src/domain/a.ts': `// x\nimport { createHash } from 'node:crypto';\nexport const a = new Date(5);`,
    'server/src/gateway/b.ts': `// x\nexport async function b() { Date.now(); }`,
  },
};

function impurity(node: Node, source: Source): string | undefined {
  if (node['async'] === true || node.type === 'AwaitExpression') return 'a pure core never waits.';
  if (IMPURE.some(([object, property]) => isMember(node, object, property))) {
    return `'${source.text.slice(node.start, node.end)}' belongs to the edge; take the value as a parameter.`;
  }
  const args = node['arguments'];
  const isCall = node.type === 'CallExpression' || node.type === 'NewExpression';
  if (isCall && isNamed(node['callee'], 'Date') && Array.isArray(args) && args.length === 0) {
    return 'the time comes in as a value.';
  }
  if (isCall && IMPURE_NAMES.some((name) => isNamed(node['callee'], name))) {
    return 'chance, timers and the network belong to the edge.';
  }
  if (node.type !== 'ImportDeclaration') return undefined;
  const from = isNode(node['source']) ? String(node['source']['value']) : '';
  if (from.startsWith('.') || PURE_MODULES.includes(from)) return undefined;
  return `'${from}' is not for a pure core.`;
}
