// Every invariant of the money has its line in the ledger's README and at least one test that carries its id in its name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProject, ROOT } from './tidy/project-files.ts';

const files = readProject(ROOT);
const README = files['server/src/domain/ledger/README.md'] ?? '';
const COUNT = 20;

/** Names of tests are the first text in `test(…)`, `it(…)` and `describe(…)`. */
const NAMES = Object.entries(files)
  .filter(([path]) => /\.(?:test|contract)\.ts$/.test(path))
  .flatMap(([, text]) => [...text.matchAll(/\b(?:test|it|describe)\(\s*(['"`])([^\n]*?)\1/g)])
  .map((match) => match[2] ?? '');

function testsOf(id: string, names = NAMES): readonly string[] {
  return names.filter((name) => name.split(/[^A-Za-z0-9]+/).includes(id));
}

for (let n = 1; n <= COUNT; n++) {
  const id = `I${n}`;
  test(`${id} is explained and tested`, () => {
    const line = README.split('\n').find((text) => text.startsWith(`| ${id} |`));
    assert.ok(line !== undefined, `domain/ledger/README.md has no line for ${id}`);
    if (line.includes('not built yet')) assert.deepEqual(testsOf(id), []);
    else assert.ok(testsOf(id).length > 0, `no test carries ${id} in its name`);
  });
}

test('a test whose name has no id counts for none', () => {
  assert.ok(NAMES.length > 500, `${NAMES.length} names were found`);
  assert.deepEqual(testsOf('I1', ['I10 I11: x', 'xI1', 'books']), []);
  assert.deepEqual(testsOf('I1', ['I1, I2: x']), ['I1, I2: x']);
});
