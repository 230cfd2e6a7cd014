// `turnpike serve`: becomes the server. The process is replaced, not doubled, so that signals, the process id and
// the exit code are the server's own.

import { join, resolve } from 'node:path';

import type { Command } from 'commander';

import { report, type Cli } from '../action.ts';
import { port } from '../arguments.ts';
import { EXIT } from '../outcome.ts';

type Options = { readonly port?: string; readonly host?: string; readonly data?: string };

export function addServe(program: Command, cli: Cli): void {
  program
    .command('serve')
    .description('start the server here')
    .option('--port <number>', 'where to listen (PORT, 8080)', port)
    .option('--host <address>', 'which address to listen on (HOST, 127.0.0.1)')
    .option(
      '--data <directory>',
      'where everything is kept (TURNPIKE_DATA, .turnpike in this clone)',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  turnpike serve\n  turnpike serve --port 9000 --data /srv/turnpike',
    )
    .action((options: Options) => {
      const { root, environment } = cli.surroundings;
      const main = join(root, 'server', 'src', 'main.ts');
      if (process.execve === undefined) {
        const message = `This system can't hand over to the server: start it with "node ${main}".`;
        report({ exitCode: EXIT.failed, code: 'unsupported-system', message }, false);
        cli.exitCode = EXIT.failed;
        return;
      }
      process.execve(process.execPath, [process.execPath, ...process.execArgv, main], {
        ...environment,
        ...settings(options),
      });
    });
}

function settings({ port: number, host, data }: Options): NodeJS.ProcessEnv {
  return {
    ...(number === undefined ? {} : { PORT: number }),
    ...(host === undefined ? {} : { HOST: host }),
    ...(data === undefined ? {} : { TURNPIKE_DATA: resolve(data) }),
  };
}
