// Codex without a person: `codex exec` on Responses, over HTTP or over a WebSocket.

import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Agent, type Site } from './agent.ts';

export function codex(program: string, site: Site, transport: 'http' | 'websocket'): Agent {
  const home = join(site.directory, '.codex');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'config.toml'), settings(site, transport));
  const env = { CODEX_HOME: home, TURNPIKE_API_KEY: site.key };
  return {
    name: `codex ${transport}`,
    async ask({ prompt, session }) {
      const flags = [
        '--skip-git-repo-check',
        '--dangerously-bypass-approvals-and-sandbox',
        '--json',
      ];
      const going = session === undefined ? [] : ['resume', session];
      const ran = await run(program, ['exec', ...flags, ...going, prompt], site.directory, env);
      const { exitCode, seconds } = ran;
      return { exitCode, seconds, ...said(ran.output) };
    },
    shellPrompt: (command) => `[[tool=exec_command:${JSON.stringify({ cmd: command })}]] [[echo]]`,
  };
}

function settings({ origin, model }: Site, transport: 'http' | 'websocket'): string {
  return `model = "${model}"
model_provider = "turnpike"
[model_providers.turnpike]
name = "Turnpike"
base_url = "${origin}/v1"
env_key = "TURNPIKE_API_KEY"
wire_api = "responses"
supports_websockets = ${transport === 'websocket'}
`;
}

type Line = {
  readonly type?: string;
  readonly thread_id?: string;
  readonly message?: string;
  readonly item?: { readonly type?: string; readonly text?: string };
};

function said(output: string): { readonly text: string; readonly session: string | undefined } {
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    // `as` because it is the program's own form of a line.
    .map((line) => JSON.parse(line) as Line);
  const messages = lines.filter(({ item }) => item?.type === 'agent_message');
  const errors = lines.flatMap(({ type, message }) => (type === 'error' ? [message ?? ''] : []));
  return {
    text: messages.at(-1)?.item?.text ?? (errors.join(' ') || output.slice(-500)),
    session: lines.find(({ thread_id: id }) => id !== undefined)?.thread_id,
  };
}
