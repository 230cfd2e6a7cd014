// Other people's test suites against a whole server and the model that ships, by hand:
//   node test/conformance/outsiders/main.ts [FOLDER]
// FOLDER keeps what npm installs, about 350 MB; without one it is thrown away afterwards.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EMBEDDED, startConformanceServer } from '../conformance-server.ts';

/** The last is a part of promptfoo that its installation leaves out. */
const PACKAGES = ['compatcanary@0.2.2', 'promptfoo@0.123.1', '@libsql/linux-x64-gnu@0.5.29'];
const INSTALL_MS_MAX = 900_000;
const RUN_MS_MAX = 300_000;

const kept = process.argv[2];
const folder = kept === undefined ? mkdtempSync(join(tmpdir(), 'outsiders-')) : resolve(kept);
install();
await using turnpike = await startConformanceServer();
const canary = start('compatcanary', compatCanaryArguments(), {
  OPENAI_API_KEY: turnpike.firstKey,
});
const foo = start(
  'promptfoo',
  ['eval', '-c', promptfooConfig(), '--no-cache', '--no-progress-bar'],
  {
    OPENAI_API_KEY: turnpike.firstKey,
    ANTHROPIC_API_KEY: turnpike.firstKey,
    PROMPTFOO_DISABLE_TELEMETRY: '1',
    PROMPTFOO_DISABLE_UPDATE: '1',
    PROMPTFOO_CONFIG_DIR: join(folder, 'promptfoo'),
  },
);
if (kept === undefined) rmSync(folder, { recursive: true, force: true });
process.exitCode = canary === 0 && foo === 0 ? 0 : 1;

function install(): void {
  mkdirSync(folder, { recursive: true });
  if (existsSync(join(folder, 'node_modules/promptfoo'))) return;
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const flags = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...PACKAGES];
  const { status } = spawnSync('npm', flags, {
    cwd: folder,
    stdio: 'inherit',
    timeout: INSTALL_MS_MAX,
  });
  if (status !== 0) throw new Error('npm could not install them, as it says above.');
}

function start(
  program: string,
  args: readonly string[],
  env: { readonly [name: string]: string },
): number | null {
  process.stdout.write(`\n── ${program} ${args[0] ?? ''}\n`);
  const path = join(folder, 'node_modules/.bin', program);
  // Our own Node: one of them refuses older ones.
  const { status } = spawnSync(process.execPath, [path, ...args], {
    cwd: folder,
    stdio: 'inherit',
    timeout: RUN_MS_MAX,
    env: { ...process.env, ...env },
  });
  return status;
}

function compatCanaryArguments(): readonly string[] {
  const where = ['--base-url', turnpike.baseUrl, '--model', EMBEDDED];
  return ['scan', ...where, '--profile', 'modern', '--format', 'markdown', '--fail-on', 'any'];
}

/** One question over each of the three protocols. */
function promptfooConfig(): string {
  const path = join(folder, 'promptfoo.json');
  const openai = { apiBaseUrl: turnpike.baseUrl, max_tokens: 64 };
  const config = {
    prompts: ['What is {{thing}}?'],
    providers: [
      { id: `openai:chat:${EMBEDDED}`, config: openai },
      { id: `openai:responses:${EMBEDDED}`, config: openai },
      {
        id: `anthropic:messages:${EMBEDDED}`,
        config: { apiBaseUrl: turnpike.origin, max_tokens: 64 },
      },
    ],
    tests: [
      {
        vars: { thing: 'Turnpike' },
        assert: [
          { type: 'javascript', value: 'typeof output === "string" && output.length > 0' },
          { type: 'latency', threshold: 30_000 },
        ],
      },
    ],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}
