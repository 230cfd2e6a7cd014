// What the server writes for its operator. Facts first, then one sentence; pino fulfils it as it is.

export type LogFacts = { readonly [name: string]: unknown };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  /** False where nobody would read it: what goes into a line need not be made. */
  isLevelEnabled(level: LogLevel): boolean;
  debug(facts: LogFacts, message: string): void;
  info(facts: LogFacts, message: string): void;
  warn(facts: LogFacts, message: string): void;
  error(facts: LogFacts, message: string): void;
}
