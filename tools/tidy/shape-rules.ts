// How long, how named and how introduced a file and a function are.

import type { Mistake, SourceRule } from './rule.ts';
import { isNode, type Node, type Source } from './source.ts';

const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 400;

/** Files that may be longer, each with its reason. */
const LONGER_FILES: ReadonlyMap<string, string> = new Map();

/** Functions that may be longer, as `path#name`, each with its reason. */
const LONGER_FUNCTIONS: ReadonlyMap<string, string> = new Map();

function mistake(source: Source, line: number, message: string): Mistake {
  return { path: source.path, line, message };
}

function lines(count: number): string {
  return 'x;\n'.repeat(count);
}

export const shortFiles: SourceRule = {
  name: `a file has at most ${FILE_LINES_MAX} lines`,
  check(source) {
    const count = source.text.trimEnd().split('\n').length;
    if (count <= FILE_LINES_MAX || LONGER_FILES.has(source.path)) return [];
    return [mistake(source, 1, `${count} lines are more than one idea; split it.`)];
  },
  planted: { 'server/src/lib/a.ts': `// x\n${lines(FILE_LINES_MAX)}` },
  allowed: { 'server/src/lib/a.ts': `// x\n${lines(FILE_LINES_MAX - 1)}` },
};

export const shortFunctions: SourceRule = {
  name: `a function has at most ${FUNCTION_LINES_MAX} lines`,
  check(source) {
    const found: Mistake[] = [];
    for (const [node, ancestors] of source.nodes) {
      if (!FUNCTION.test(node.type) || isSuite(node, ancestors)) continue;
      const first = source.lineOf(node.start);
      const count = source.lineOf(node.end) - first + 1;
      const name = nameOf(node, ancestors);
      if (count <= FUNCTION_LINES_MAX || LONGER_FUNCTIONS.has(`${source.path}#${name}`)) continue;
      found.push(mistake(source, first, `${name} has ${count} lines; make it fit a screen.`));
    }
    return found;
  },
  planted: {
    'server/src/lib/a.ts': `// x\nfunction a() {\n${lines(FUNCTION_LINES_MAX - 1)}}`,
    'server/src/lib/b.ts': `// x\nclass B {\n  b() {\n${lines(FUNCTION_LINES_MAX - 1)}}\n}`,
  },
  allowed: {
    'server/src/lib/a.ts': `// x\nfunction a() {\n${lines(FUNCTION_LINES_MAX - 2)}}`,
    'server/src/lib/b.test.ts': `// x\ndescribe('b', () => {\n${lines(FUNCTION_LINES_MAX)}});`,
  },
};

const FUNCTION = /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;
const SUITE = /^(?:describe|suite)$/;
const REGISTERS = /^(?:describe|suite|test|it)$/;

/** A list of tests is as long as there are tests; each of them is a function of its own. */
function isSuite(node: Node, ancestors: readonly Node[]): boolean {
  const calls = (names: RegExp, call: Node | undefined): boolean =>
    call?.type === 'CallExpression' && names.test(nameIn(call['callee']));
  if (calls(SUITE, ancestors.at(-1))) return true;
  // A contract suite is made of functions around lists of tests.
  const body = isNode(node['body']) ? node['body']['body'] : undefined;
  if (!Array.isArray(body)) return false;
  return body.some((statement: unknown) => {
    const expression = isNode(statement) ? statement['expression'] : undefined;
    return isNode(expression) && calls(REGISTERS, expression);
  });
}

function nameOf(node: Node, ancestors: readonly Node[]): string {
  const parent = ancestors.at(-1);
  return nameIn(node['id']) || nameIn(parent?.['key']) || nameIn(parent?.['id']) || 'a function';
}

function nameIn(value: unknown): string {
  const name = isNode(value) ? value['name'] : undefined;
  return typeof name === 'string' ? name : '';
}

export const introduction: SourceRule = {
  name: 'the first line says what the file is for',
  check(source) {
    const first = source.comments.find(({ start }) => start >= afterShebang(source.text));
    if (first?.start === afterShebang(source.text) && /\w{2}/.test(first.text)) return [];
    return [mistake(source, 1, 'begin with a comment that says what the file is for.')];
  },
  planted: { 'server/src/lib/a.ts': `export const a = 1; // says what it is\n` },
  allowed: { 'tools/a.mjs': `#!/usr/bin/env node\n// Says what it is.\nexport const a = 1;` },
};

function afterShebang(text: string): number {
  return text.startsWith('#!') ? text.indexOf('\n') + 1 : 0;
}

export const noBarrels: SourceRule = {
  name: 'no barrels',
  check(source) {
    const statements = [source.program['body']].flat().filter(isNode);
    const passesOn = statements.some(
      ({ type, source: from, specifiers }) =>
        type === 'ExportAllDeclaration' ||
        (type === 'ExportNamedDeclaration' &&
          (isNode(from) || (Array.isArray(specifiers) && specifiers.length > 0))),
    );
    const hasOwn = statements.some(
      ({ type, declaration }) => !/^(?:Import|Export)/.test(type) || isNode(declaration),
    );
    if (!passesOn || hasOwn) return [];
    return [mistake(source, 1, 'a file that only passes on names hides where things are.')];
  },
  planted: {
    'server/src/lib/a.ts': `// x\nexport * from './b.ts';\nexport { c } from './c.ts';`,
    'server/src/lib/d.ts': `// x\nimport { b } from './b.ts';\nexport { b };`,
  },
  allowed: {
    'server/src/lib/a.ts': `// x\nimport { b } from './b.ts';\nexport const LIST = [b];`,
    'server/src/lib/c.ts': `// x\nimport './b.ts';`,
  },
};

const MEASURED = /(?:timeout|delay|interval|ttl|duration|elapsed|latency|uptime)$/i;

export const unitsLast: SourceRule = {
  name: 'a number that is measured ends in its unit',
  check(source) {
    const found: Mistake[] = [];
    for (const [node] of source.nodes) {
      const name = nameOfNumber(node);
      if (name === undefined || !MEASURED.test(name)) continue;
      found.push(
        mistake(source, source.lineOf(node.start), `'${name}' needs its unit: ${name}Ms?`),
      );
    }
    return found;
  },
  planted: {
    'server/src/lib/a.ts': `// x\nconst timeout = 5;\n`,
    'server/src/lib/b.ts': `// x\ntype B = { readonly retryDelay?: number };`,
    'server/src/lib/c.ts': `// x\nfunction c(ttl: number) {}`,
  },
  allowed: {
    'server/src/lib/a.ts': `// x\nconst timeout = setTimeout(f, DELAY_MS);\nconst timeoutMs = 5;`,
  },
};

/** The name of a variable, parameter or field that is plainly a number. */
function nameOfNumber(node: Node): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return isNumberType(node['typeAnnotation']) ? nameIn(node) : undefined;
    case 'VariableDeclarator':
      return isNumberLiteral(node['init']) ? nameIn(node['id']) : undefined;
    case 'TSPropertySignature':
    case 'PropertyDefinition': {
      const isNumber = isNumberType(node['typeAnnotation']) || isNumberLiteral(node['value']);
      return isNumber ? nameIn(node['key']) : undefined;
    }
    default:
      return undefined;
  }
}

function isNumberType(annotation: unknown): boolean {
  const type = isNode(annotation) ? annotation['typeAnnotation'] : undefined;
  return isNode(type) && type.type === 'TSNumberKeyword';
}

function isNumberLiteral(value: unknown): boolean {
  return isNode(value) && value.type === 'Literal' && typeof value['value'] === 'number';
}
