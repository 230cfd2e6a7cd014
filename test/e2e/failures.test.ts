// What keeps a server from starting: one clear sentence that says what to do, and a non-zero exit.

import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SCRIPTED_CONFIG, Turnpike, type StartOptions } from './turnpike.ts';

const scratch = mkdtempSync(join(tmpdir(), 'turnpike-failures-'));

function file(name: string, content: string): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

async function sentenceOf(options: StartOptions): Promise<string> {
  const turnpike = await Turnpike.spawn(options);
  const code = await turnpike.ended();
  const { output } = turnpike;
  assert.equal(code, 1, output);
  assert.ok(!/^\s+at /m.test(output), `a stack trace is no sentence:\n${output}`);
  const sentences = output.split('\n').filter((line) => line.includes('✗'));
  assert.equal(sentences.length, 1, output);
  return sentences[0] ?? '';
}

describe('a server that can not start says why', () => {
  const cases: readonly (readonly [string, StartOptions, RegExp])[] = [
    ['a port that is no number', { env: { PORT: 'http' } }, /PORT must be a number/],
    ['an address of another machine', { env: { HOST: '192.0.2.1' } }, /no address 192\.0\.2\.1/],
    [
      'a model file that is not there',
      { env: { TURNPIKE_MODEL: '/nowhere/model.gguf' } },
      /no model file at \/nowhere\/model\.gguf/,
    ],
    [
      'a model file that is none',
      { env: { TURNPIKE_MODEL: file('not.gguf', 'hello') } },
      /not a GGUF file/,
    ],
    [
      'a database address of another kind',
      { env: { DATABASE_URL: 'mysql://x' } },
      /DATABASE_URL must begin with postgres/,
    ],
    [
      'a database that does not answer',
      { config: SCRIPTED_CONFIG, env: { DATABASE_URL: 'postgres://u:secret@127.0.0.1:9/x' } },
      /127\.0\.0\.1:9/,
    ],
    [
      'a configuration that is no JSON',
      { env: { TURNPIKE_CONFIG: file('broken.json', '{') } },
      /broken\.json can't be read/,
    ],
    [
      'a configuration with a wrong price',
      {
        config: {
          ...SCRIPTED_CONFIG,
          models: [{ id: 'm', engine: 'scripted', price: { input: '1', output: 'much' } }],
        },
      },
      /models\[0\]\.price\.output: dollars per million tokens/,
    ],
    [
      'a model on an engine that is not there',
      { config: { ...SCRIPTED_CONFIG, models: [{ id: 'm', engine: 'none' }] } },
      /names the engine 'none'/,
    ],
  ];
  for (const [what, options, sentence] of cases) {
    it(what, async () => {
      const said = await sentenceOf(options);
      assert.match(said, sentence);
      assert.ok(!said.includes('secret'), 'a password is never shown');
    });
  }

  it('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    assert.match(await sentenceOf({ env: { PORT: String(port) } }), /is taken: stop what uses it/);
    other.close();
  });

  it('a data directory that another server uses', async () => {
    await using first = await Turnpike.start({ config: SCRIPTED_CONFIG });
    const { dataDirectory } = first;
    const said = await sentenceOf({ config: SCRIPTED_CONFIG, dataDirectory });
    assert.match(said, new RegExp(`process ${first.child.pid}\\) is already using`));
  });
});
