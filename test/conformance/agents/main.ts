// Coding agents against a whole server, by hand: they are large, and one of them is not free software.
//   node test/conformance/agents/main.ts --claude PATH --codex PATH [--only WORDS]
// README.md says how to get them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SCRIPTED, startConformanceServer } from '../conformance-server.ts';
import type { Agent, Site } from './agent.ts';
import { CASES } from './cases.ts';
import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';

const { values } = parseArgs({
  options: {
    claude: { type: 'string' },
    codex: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

await using turnpike = await startConformanceServer();
const directory = mkdtempSync(join(tmpdir(), 'turnpike-agents-'));
const site: Site = { origin: turnpike.origin, key: turnpike.firstKey, model: SCRIPTED, directory };
const agents: Agent[] = [];
if (values.claude !== undefined) agents.push(claudeCode(values.claude, site));
if (values.codex !== undefined) {
  agents.push(codex(values.codex, { ...site, directory: join(directory, 'http') }, 'http'));
  agents.push(codex(values.codex, { ...site, directory: join(directory, 'ws') }, 'websocket'));
}
let failed = agents.length === 0;
if (failed) process.stderr.write('Say which agent to run: --claude PATH or --codex PATH.\n');
for (const agent of agents) {
  for (const one of CASES) {
    if (!`${agent.name} ${one.name}`.includes(values.only)) continue;
    try {
      const { seconds, text } = await one.play(agent);
      say('✓', agent, one.name, `${seconds.toFixed(1)} s: ${text}`);
    } catch (error) {
      failed = true;
      say('✗', agent, one.name, error instanceof Error ? error.message : String(error));
    }
  }
}
rmSync(directory, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;

function say(mark: string, agent: Agent, name: string, text: string): void {
  const line = text.replaceAll(/\s+/g, ' ').slice(0, 160);
  process.stdout.write(`${mark} ${agent.name.padEnd(15)} ${name.padEnd(22)} ${line}\n`);
}
