// How a command ends: with something to print, or with a failure that has an exit code and one sentence.

export const EXIT = {
  done: 0,
  /** The server refused, or something here failed. */
  failed: 1,
  /** The command was not written as its help says. */
  usage: 2,
  /** No server answered. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type Failure = {
  readonly exitCode: ExitCode;
  /** For scripts; the server's own code where it refused. */
  readonly code: string;
  readonly message: string;
};

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** The same answer twice: for scripts, and for people. */
export type Printed = { readonly json: unknown; readonly text: string };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed<T>(
  code: string,
  message: string,
  exitCode: ExitCode = EXIT.failed,
): Outcome<T> {
  return { ok: false, failure: { exitCode, code, message } };
}
