// The operator's log: one JSON object a line in a file, so that the terminal stays readable. The sentences of warnings
// and errors are also given to the terminal.

import { appendFileSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import type { LogLevel } from '../ports/log.ts';
import { LineBatch } from './line-batch.ts';

export type ServerLog = Logger;

const WARN_LEVEL = 40; // pino's own number

export function openServerLog(
  path: string,
  level: LogLevel,
  showSentence: (sentence: string) => void,
): ServerLog {
  const file = pino.destination({ dest: path, mkdir: true, sync: false });
  const batch = new LineBatch((text) => void file.write(text));
  process.prependListener('exit', () => appendLast(path, file, batch.take()));
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: {
      logMethod(this: Logger, input: Parameters<pino.LogFn>, method: pino.LogFn, at: number) {
        const last: unknown = input.at(-1);
        if (at >= WARN_LEVEL && typeof last === 'string') showSentence(last);
        method.apply(this, input);
        // What is wrong is not to be lost with a process that is killed for it.
        if (at >= WARN_LEVEL) batch.flush();
      },
    },
  };
  return pino(options, batch);
}

/** At the end of the process: the file's own way to the disk goes over another thread, which may not live so long. */
function appendLast(path: string, file: ReturnType<typeof pino.destination>, lines: string): void {
  if (lines === '') return;
  try {
    file.flushSync();
    appendFileSync(path, lines);
  } catch {
    // The file was never opened, or there is no room: nobody is left to be told.
  }
}
