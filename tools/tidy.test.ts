// Our own lint, as a test: every rule first catches its planted mistake, then reads the whole project.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apply, RULES, shown } from './tidy/apply.ts';
import { parseSources, readProject, ROOT } from './tidy/project-files.ts';

const files = readProject(ROOT);
const sources = parseSources(files);

describe('the rules see the project', () => {
  test('they read every room of it', () => {
    assert.ok(sources.length > 150, `only ${sources.length} source files`);
    for (const path of [
      'bootstrap.mjs',
      'bench/main.ts',
      'cli/src/main.ts',
      'contract/src/routes.ts',
      'server/src/compose.ts',
      'server/src/main.ts',
      'server/src/gateway/serve.ts',
      'tools/tidy.test.ts',
      'docs/errors.md',
      'package.json',
    ]) {
      assert.ok(path in files, `${path} was not read`);
    }
  });

  test('they read what the files import', () => {
    const generate = sources.find(({ path }) => path === 'server/src/gateway/generate.ts');
    assert.ok(
      generate?.imports.some(({ path }) => path === 'server/src/domain/admission/ticket.ts'),
    );
    const handler = sources.find(({ path }) => path === 'server/src/control/handler.ts');
    assert.ok(handler?.imports.some(({ path = '' }) => path.startsWith('contract/src/')));
  });
});

describe('each rule finds its planted mistake and leaves what is right alone', () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      const found = apply(rule, rule.planted, parseSources(rule.planted)).map(shown);
      assert.ok(found.length > 0, 'the planted mistake was not found');
      const alone = apply(rule, rule.allowed, parseSources(rule.allowed)).map(shown);
      assert.deepEqual(alone, []);
    });
  }

  test('a rule that looks at one file finds the mistake in each planted file', () => {
    for (const rule of RULES) {
      if (!('check' in rule)) continue;
      for (const source of parseSources(rule.planted)) {
        assert.ok(rule.check(source).length > 0, `${rule.name}: nothing found in ${source.path}`);
      }
    }
  });
});

describe('the project keeps the rule', () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      const found = apply(rule, files, sources).map(shown);
      assert.equal(found.length, 0, `\n${found.join('\n')}`);
    });
  }
});
