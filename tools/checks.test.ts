// Every check is tried on a planted mistake, in a small project with our own settings: two of these tools are known to
// pass without looking (a cycle check that goes blind when tsconfig extends a missing package, for one).

import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { type Check, DEAD_CODE, FORMAT, LINT, runCheck, TYPES } from './checks.ts';
import { ROOT } from './tidy/project-files.ts';

const SETTINGS = ['.oxfmtrc.json', '.oxlintrc.json', 'knip.json', 'tsconfig.json', 'package.json'];

class SmallProject implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'turnpike-check-'));

  constructor(files: { readonly [path: string]: string }) {
    for (const name of SETTINGS) cpSync(join(ROOT, name), join(this.directory, name));
    for (const name of ['contract', 'server', 'cli']) {
      const manifest = { name: `@turnpike/${name}`, private: true, type: 'module' };
      this.#write(`${name}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
    }
    // Links to packages in a real folder: a tool that skips `node_modules/` skips no link of that name.
    mkdirSync(join(this.directory, 'node_modules'));
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      const link = join(this.directory, 'node_modules', name);
      symlinkSync(join(ROOT, 'node_modules', name), link);
    }
    for (const [path, text] of Object.entries(files)) this.#write(path, text);
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), text);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

const RIGHT = {
  'server/src/main.ts': `import { greet } from './greet.ts';\n\nawait greet('you');\n`,
  'server/src/greet.ts': `export async function greet(name: string): Promise<void> {\n  await Promise.resolve(name);\n}\n`,
};

/** A file that main.ts imports, with the mistake in it, and what the check must say of it. */
const PLANTED: readonly (readonly [Check, name: string, text: string, says: RegExp])[] = [
  [FORMAT, 'bad format', `export const  planted = "1"`, /planted\.ts/],
  [TYPES, 'type error', `export const planted: string = 1;\n`, /planted\.ts.*TS2322/],
  [
    TYPES,
    'unchecked index',
    `const list = [1];\nexport const planted: number = list[0];\n`,
    /planted\.ts.*TS2322/,
  ],
  [
    LINT,
    'floating promise',
    `export async function planted(): Promise<void> {\n  Promise.resolve();\n  await 1;\n}\n`,
    /no-floating-promises/,
  ],
  [
    LINT,
    'switch that forgets a kind',
    `type A = 'a' | 'b';\nexport function planted(a: A): number {\n  switch (a) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n`,
    /switch-exhaustiveness-check/,
  ],
  [
    LINT,
    'import cycle',
    `import { used } from './main.ts';\n\nexport const planted = used;\n`,
    /no-cycle/,
  ],
  [LINT, 'explicit any', `export const planted: any = 1;\n`, /no-explicit-any/],
  [
    LINT,
    'complexity',
    `export function planted(a: number): number {\n  ${'if (a > 1) return a;\n  '.repeat(30)}return 2;\n}\n`,
    /complexity/,
  ],
  [
    DEAD_CODE,
    'dead export',
    `export const planted = 1;\nexport const forgotten = 2;\n`,
    /forgotten/,
  ],
];

describe('what is right passes', { concurrency: true }, () => {
  for (const check of [FORMAT, TYPES, LINT]) {
    test(check.name, async () => {
      using project = new SmallProject(RIGHT);
      const { passed, output } = await runCheck(check, project.directory);
      assert.ok(passed, output);
    });
  }
});

describe('a planted mistake is found', { concurrency: true }, () => {
  for (const [check, name, text, says] of PLANTED) {
    test(`${check.name}: ${name}`, async () => {
      using project = new SmallProject({
        'server/src/main.ts': `import { planted } from './planted.ts';\n\nexport const used = 1;\nvoid planted;\n`,
        'server/src/planted.ts': text,
      });
      const { passed, output } = await runCheck(check, project.directory);
      assert.ok(!passed, 'it passed');
      assert.match(output, says);
    });
  }

  test('dead code: a file that nobody imports', async () => {
    using project = new SmallProject({ ...RIGHT, 'server/src/forgotten.ts': 'export {};\n' });
    const { passed, output } = await runCheck(DEAD_CODE, project.directory);
    assert.ok(!passed);
    assert.match(output, /Unused files \(1\)\s+server\/src\/forgotten\.ts/);
  });
});
