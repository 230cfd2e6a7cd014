// The examples of docs/quick-starts.md, as they stand there: each is run against a whole server and says something.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Turnpike } from '../e2e/turnpike.ts';
import { CLIENTS, installClients } from './installed-clients.ts';

const PAGE = readFileSync(
  fileURLToPath(new URL('../../docs/quick-starts.md', import.meta.url)),
  'utf8',
);
const RUN_MS_MAX = 60_000;
const ADDRESS = 'http://127.0.0.1:8080';

type Example = { readonly heading: string; readonly language: string; readonly code: string };

/** What can be run here: JavaScript, and the commands that call curl. */
const EXAMPLES: readonly Example[] = PAGE.split('\n## ').flatMap((section) => {
  const [heading = ''] = section.split('\n');
  return [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .map(([, language = '', code = '']) => ({ heading, language, code }))
    .filter(({ language, code }) => language === 'js' || code.startsWith('curl '));
});

describe('the quick start of', () => {
  let turnpike: Turnpike;
  before(async () => {
    // The shipped model, as a newcomer has it.
    [turnpike] = await Promise.all([Turnpike.start(), installClients()]);
  });
  after(() => turnpike?.[Symbol.asyncDispose]());

  it('every client that can be tried here is found', () => assert.ok(EXAMPLES.length >= 7));

  for (const [at, { heading, language, code }] of EXAMPLES.entries()) {
    it(`${heading}, example ${at + 1}`, () => {
      assert.ok(code.includes(ADDRESS), 'it names the address');
      const here = code.replaceAll(ADDRESS, turnpike.origin);
      const env = { ...process.env, TURNPIKE_API_KEY: turnpike.firstKey };
      const [command, args] = language === 'js' ? script(at, here) : ['sh', ['-c', here]];
      const ran = spawnSync(command, args, { env, encoding: 'utf8', timeout: RUN_MS_MAX });
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stdout, /\w{2}/, 'it says something');
      assert.doesNotMatch(ran.stdout, /"error"/);
    });
  }
});

/** In the folder of the clients, where their packages are found. */
function script(at: number, code: string): readonly [string, readonly string[]] {
  const folder = join(CLIENTS, 'build');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `quick-start-${at}.mjs`);
  writeFileSync(file, code);
  return [process.execPath, [file]];
}
