// The tree of commands, its help, and what a wrong use of it means.

import { Command, CommanderError } from 'commander';

import manifest from '../package.json' with { type: 'json' };
import type { Cli } from './action.ts';
import { addAutoReload } from './commands/auto-reload.ts';
import { addAlerts } from './commands/alerts.ts';
import { addAdminKeys } from './commands/admin-keys.ts';
import { addChat } from './commands/chat.ts';
import { addCredits } from './commands/credits.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExport } from './commands/export.ts';
import { addInvoices } from './commands/invoices.ts';
import { addFreezes } from './commands/freezes.ts';
import { addKeys } from './commands/keys.ts';
import { addModels } from './commands/models.ts';
import { addBudgets } from './commands/budgets.ts';
import { addProjects } from './commands/projects.ts';
import { addPlans } from './commands/plans.ts';
import { addPrices } from './commands/prices.ts';
import { addReconcile } from './commands/reconcile.ts';
import { addServe } from './commands/serve.ts';
import { addTopUps } from './commands/top-ups.ts';
import { addUsage } from './commands/usage.ts';
import { EXIT, type ExitCode } from './outcome.ts';
import type { Surroundings } from './surroundings.ts';

const EPILOGUE = `
Environment:
  TURNPIKE_URL          the server (default: by HOST and PORT, or where the last one started)
  TURNPIKE_DATA         its data directory (default: .turnpike in this clone)
  TURNPIKE_ADMIN_TOKEN  the admin token (default: the file admin-token in the data directory)
  TURNPIKE_API_KEY      the key that "chat" uses
  NO_COLOR              no colours

Exit codes:
  0 done   1 refused or failed   2 wrong use of the command   3 no server answers

In a clone, run it as "npm run turnpike -- <command>".`;

const CODES_OF_HELP = new Set(['commander.helpDisplayed', 'commander.version']);

export async function runProgram(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const cli: Cli = { surroundings, exitCode: EXIT.done };
  try {
    await programOf(cli).parseAsync(args, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return CODES_OF_HELP.has(error.code) ? EXIT.done : EXIT.usage;
  }
}

function programOf(cli: Cli): Command {
  const program = new Command('turnpike')
    .description('Everything between a model and the developers who pay for it.')
    .version(manifest.version)
    .exitOverride()
    .showHelpAfterError('Add --help to see how this command is used.')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', EPILOGUE);
  addServe(program, cli);
  addDoctor(program, cli);
  addModels(program, cli);
  addBudgets(program, cli);
  addProjects(program, cli);
  addKeys(program, cli);
  addFreezes(program, cli);
  addAdminKeys(program, cli);
  addCredits(program, cli);
  addPlans(program, cli);
  addTopUps(program, cli);
  addAutoReload(program, cli);
  addUsage(program, cli);
  addPrices(program, cli);
  addInvoices(program, cli);
  addExport(program, cli);
  addAlerts(program, cli);
  addReconcile(program, cli);
  addChat(program, cli);
  return program;
}
