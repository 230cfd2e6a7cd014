// The server and the command line mean the same files and directories by the same settings, wherever each is started.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readSurroundings } from '../../cli/src/surroundings.ts';
import { type Config, readConfig } from '../../server/src/config.ts';
import { SCRIPTED_CONFIG } from './turnpike.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('settings', () => {
  const home = process.cwd();
  const elsewhere = mkdtempSync(join(tmpdir(), 'turnpike-settings-'));
  before(() => process.chdir(elsewhere));
  after(() => {
    process.chdir(home);
    rmSync(elsewhere, { recursive: true });
  });

  function configOf(environment: { readonly [name: string]: string }): Config {
    const config = readConfig(environment);
    assert.ok(config.ok, config.ok ? '' : config.error);
    return config.value;
  }

  it("begin at the clone's root where they are relative", () => {
    for (const TURNPIKE_DATA of [undefined, '', 'some/data', '../data', elsewhere]) {
      const environment = TURNPIKE_DATA === undefined ? {} : { TURNPIKE_DATA };
      const { dataDirectory } = configOf(environment);
      assert.equal(dataDirectory, resolve(ROOT, TURNPIKE_DATA || '.turnpike'));
      assert.equal(readSurroundings(environment).dataDirectory, dataDirectory);
    }
  });

  it('name the same model', () => {
    for (const environment of [{ TURNPIKE_CONFIG: '' }, { TURNPIKE_MODEL: 'models/a.gguf' }]) {
      const [engine] = configOf(environment).engines;
      assert.ok(engine?.kind === 'llama');
      assert.equal(readSurroundings(environment).modelFile, engine.model);
    }
  });

  it('name a level of the log that there is', () => {
    assert.equal(configOf({}).logLevel, 'info');
    assert.equal(configOf({ TURNPIKE_LOG_LEVEL: 'warn' }).logLevel, 'warn');
    const wrong = readConfig({ TURNPIKE_LOG_LEVEL: 'loud' });
    assert.ok(!wrong.ok && /TURNPIKE_LOG_LEVEL must be one of .*'loud'/.test(wrong.error));
  });

  it('name the pages that may call, as browsers do', () => {
    assert.deepEqual(configOf({}).corsOrigins, []);
    const listed = 'https://a.example.com, http://localhost:3000';
    const { corsOrigins } = configOf({ TURNPIKE_CORS_ORIGINS: listed });
    assert.deepEqual(corsOrigins, ['https://a.example.com', 'http://localhost:3000']);
    assert.deepEqual(configOf({ TURNPIKE_CORS_ORIGINS: '*' }).corsOrigins, ['*']);
    for (const stray of ['a.example.com', 'https://a.example.com/', 'file:///x', 'null']) {
      const wrong = readConfig({ TURNPIKE_CORS_ORIGINS: stray });
      assert.ok(!wrong.ok && wrong.error.includes(`not '${stray}'`), stray);
    }
  });

  it('name the same configuration file', () => {
    const path = join(elsewhere, 'some.config.json');
    writeFileSync(path, JSON.stringify(SCRIPTED_CONFIG));
    const environment = { TURNPIKE_CONFIG: relative(ROOT, path) };
    assert.deepEqual(
      configOf(environment).models.map(({ id }) => id),
      ['scripted'],
    );
    assert.equal(readSurroundings(environment).configFile, path);
    const missing = readConfig({ TURNPIKE_CONFIG: 'none.json' });
    assert.ok(!missing.ok && missing.error.includes(join(ROOT, 'none.json')));
  });
});
