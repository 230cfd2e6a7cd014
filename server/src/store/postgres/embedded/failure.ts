// Everything that can keep the embedded PostgreSQL from starting, each as one sentence that says what to do.

export type EmbeddedPostgresFailure = {
  readonly kind: FailureKind;
  readonly sentence: string;
  /** PostgreSQL's own last words, where it had any. */
  readonly logLines: readonly string[];
};

type FailureKind =
  | 'unsupported-platform'
  | 'not-installed'
  | 'disk-full'
  | 'permission'
  | 'corrupt-data'
  | 'other-major'
  | 'initdb-failed'
  | 'start-failed'
  | 'start-timeout'
  | 'orphan-will-not-stop';

export function failure(
  kind: FailureKind,
  sentence: string,
  logLines: readonly string[] = [],
): EmbeddedPostgresFailure {
  return { kind, sentence, logLines };
}

export function failureOfThrown(error: unknown, directory: string): EmbeddedPostgresFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(directory);
  const reason = error instanceof Error ? error.message : String(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const sentence = `The embedded PostgreSQL cannot write its files (${reason}): give this user the right to, set TURNPIKE_DATA to another directory, or set DATABASE_URL.`;
    return failure('permission', sentence);
  }
  return failure(
    'start-failed',
    `The embedded PostgreSQL could not be started (${reason}): set DATABASE_URL to use another one.`,
  );
}

export function diskFull(
  directory: string,
  logLines: readonly string[] = [],
): EmbeddedPostgresFailure {
  const sentence = `There is not enough free disk space for PostgreSQL in ${directory}: free some, or set TURNPIKE_DATA to a directory on a larger disk.`;
  return failure('disk-full', sentence, logLines);
}

/** What PostgreSQL's log says in English (`lc_messages` is C) about why it went. */
export function failureOfLog(
  directory: string,
  logLines: readonly string[],
): EmbeddedPostgresFailure {
  const log = logLines.join('\n');
  if (/No space left on device|Disk quota exceeded/.test(log)) return diskFull(directory, logLines);
  if (/initialized by PostgreSQL version|database files are incompatible/.test(log)) {
    const sentence = `The database in ${directory} was made by another version of PostgreSQL: start the version of Turnpike that made it, or set TURNPIKE_DATA to another directory.`;
    return failure('other-major', sentence, logLines);
  }
  if (/Permission denied|has wrong ownership|invalid permissions/.test(log)) {
    const sentence = `PostgreSQL may not use its files in ${directory}: start Turnpike as the user that started it first, or set TURNPIKE_DATA to another directory.`;
    return failure('permission', sentence, logLines);
  }
  if (
    /could not locate a valid checkpoint|invalid checkpoint|PANIC: |corrupt|could not open file|could not read|incorrect checksum|configuration file contains errors|could not find the database system/.test(
      log,
    )
  ) {
    const sentence = `The database in ${directory} is damaged (${lastWords(logLines)}): restore it from a backup, or set TURNPIKE_DATA to a new directory to start afresh.`;
    return failure('corrupt-data', sentence, logLines);
  }
  const sentence = `The embedded PostgreSQL stopped while starting (${lastWords(logLines)}): put that right, or set DATABASE_URL to use another one.`;
  return failure('start-failed', sentence, logLines);
}

export function lastWords(logLines: readonly string[]): string {
  const grave = logLines.findLast((line) => /FATAL: |PANIC: |ERROR: |error: /.test(line));
  return (grave ?? logLines.at(-1) ?? 'it said nothing').trim();
}
