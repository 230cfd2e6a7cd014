// Claude Code without a person: `claude -p`, its key in x-api-key, its base URL without /v1.

import { run, type Agent, type Site } from './agent.ts';

export function claudeCode(program: string, site: Site): Agent {
  const env = {
    ANTHROPIC_BASE_URL: site.origin,
    ANTHROPIC_API_KEY: site.key,
    ANTHROPIC_DEFAULT_HAIKU_MODEL: site.model,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
  return {
    name: 'claude code',
    async ask({ prompt, session }) {
      const args = ['-p', prompt, '--model', site.model, '--allowedTools', 'Bash'];
      const going = session === undefined ? [] : ['--resume', session];
      const ran = await run(
        program,
        [...args, '--output-format', 'json', ...going],
        site.directory,
        env,
      );
      const { exitCode, seconds } = ran;
      return { exitCode, seconds, ...said(ran.output) };
    },
    shellPrompt: (command) =>
      `[[tool=Bash:${JSON.stringify({ command, description: 'Says it' })}]] [[echo]]`,
  };
}

function said(output: string): { readonly text: string; readonly session: string | undefined } {
  const line = output.split('\n').findLast((candidate) => candidate.startsWith('{'));
  if (line === undefined) return { text: output, session: undefined };
  // `as` because it is the program's own form of an answer.
  const told = JSON.parse(line) as { result?: string; session_id?: string };
  return { text: told.result ?? output, session: told.session_id };
}
