// `turnpike doctor`: looks at the machine, without a server if need be, and says what is wrong and what to do.

import type { Command } from 'commander';

import { jsonOption, type Cli, type JsonOption } from '../action.ts';
import { checkDatabase } from '../doctor/database.ts';
import type { Check } from '../doctor/check.ts';
import { checkData, checkPackages } from '../doctor/files.ts';
import { checkMemory, checkNode, checkSystem } from '../doctor/machine.ts';
import { checkModels } from '../doctor/models.ts';
import { checkServer } from '../doctor/server.ts';
import { EXIT } from '../outcome.ts';
import { bold, dim, green, red } from '../paint.ts';
import type { Surroundings } from '../surroundings.ts';

export function addDoctor(program: Command, cli: Cli): void {
  jsonOption(program.command('doctor'))
    .description(
      'check this machine, and the server if one answers; exits 1 when something is wrong',
    )
    .addHelpText('after', '\nExamples:\n  turnpike doctor\n  PORT=9000 turnpike doctor --json')
    .action(async ({ json }: JsonOption) => {
      const checks = await examine(cli.surroundings);
      const ok = checks.every((check) => check.ok);
      const text = json === true ? JSON.stringify({ ok, checks }, null, 2) : describe(checks);
      process.stdout.write(`${text}\n`);
      cli.exitCode = ok ? EXIT.done : EXIT.failed;
    });
}

async function examine(surroundings: Surroundings): Promise<readonly Check[]> {
  const found = await Promise.all([
    checkPackages(surroundings),
    checkMemory(surroundings),
    checkData(surroundings),
    checkModels(surroundings),
    checkDatabase(surroundings),
    checkServer(surroundings),
  ]);
  return [...checkNode(surroundings), checkSystem(surroundings), ...found.flat()];
}

function describe(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap((check) => {
    const line = `${check.ok ? green('✓') : red('✗')} ${check.name.padEnd(width)}  ${check.detail}`;
    return check.ok ? [line] : [line, `${' '.repeat(width + 4)}${dim('→')} ${check.remedy}`];
  });
  const ills = checks.filter((check) => !check.ok).length;
  const verdict =
    ills === 0
      ? 'All is well.'
      : `${ills} ${ills === 1 ? 'thing needs' : 'things need'} attention.`;
  return [...lines, '', bold(verdict)].join('\n');
}
