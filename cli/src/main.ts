// The `turnpike` command: reads the surroundings once, runs one command, and ends with its exit code.

import { readSurroundings } from './surroundings.ts';
import { runProgram } from './program.ts';

// A reader that has seen enough (`turnpike usage | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), readSurroundings(process.env));
