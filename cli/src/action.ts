// What every command does around its own work: run it, print it for people or for scripts, keep its exit code.

import type { Command } from 'commander';

import { connect, type Management } from './management.ts';
import { EXIT, type ExitCode, type Failure, type Outcome, type Printed } from './outcome.ts';
import { redOnStderr } from './paint.ts';
import type { Surroundings } from './surroundings.ts';

/** What the commands share; the exit code is read when the program ends. */
export type Cli = { readonly surroundings: Surroundings; exitCode: ExitCode };

export type JsonOption = { readonly json?: true | undefined };
export type OrganisationOption = { readonly organisation?: string };

export function jsonOption(command: Command): Command {
  return command.option('--json', 'print JSON for scripts');
}

export function organisationOption(command: Command): Command {
  return command.option(
    '--organisation <id or name>',
    'whose; may be left out while there is exactly one',
  );
}

/** Runs a command over the management API and prints what it returns. */
export async function withManagement(
  cli: Cli,
  options: JsonOption,
  work: (management: Management) => Promise<Outcome<Printed>>,
): Promise<void> {
  const management = await connect(cli.surroundings);
  print(cli, options, management.ok ? await work(management.value) : management);
}

export function print(cli: Cli, { json }: JsonOption, outcome: Outcome<Printed>): void {
  if (!outcome.ok) {
    report(outcome.failure, json === true);
    cli.exitCode = outcome.failure.exitCode;
    return;
  }
  const { value } = outcome;
  process.stdout.write(
    json === true ? `${JSON.stringify(value.json, null, 2)}\n` : `${value.text}\n`,
  );
  cli.exitCode = EXIT.done;
}

/** On standard error, so that a script never takes a failure for an answer. */
export function report({ code, message }: Failure, json: boolean): void {
  const text = json
    ? JSON.stringify({ error: { code, message } })
    : `${redOnStderr('✗')} ${message}`;
  process.stderr.write(`${text}\n`);
}
