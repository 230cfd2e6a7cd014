// How the embedded PostgreSQL is run: its settings, given on the command line so that they change with the code and
// never linger in a file, and the bounds on starting and stopping it.

export const DATABASE_USER = 'turnpike';
/** One cluster, one application: the database that initdb makes is the one we use. */
export const DATABASE_NAME = 'postgres';
/** Only names the socket file; nothing listens on TCP. */
export const SOCKET_PORT = 5432;
export const MAJOR_VERSION = '18';

/** initdb writes about 40 MB; the rest is room for the first segments of the write-ahead log. */
export const FREE_BYTES_FOR_FIRST_START = 256 * 1024 * 1024;
/** initdb takes about 1 s; a slow network disk takes tens of seconds to sync a thousand files. */
export const INITDB_TIMEOUT_MS = 180_000;
/** Recovery replays at most `max_wal_size`: 7 s were measured for 540 MB; a slow disk may take minutes. */
export const START_TIMEOUT_MS = 300_000;
/** A start slower than this is reported as progress: a normal one takes 0.05 s. */
export const SLOW_START_MS = 2_000;
/** How long the remains of a killed postmaster (its lock, its shared memory) may stand in the way of the next. */
export const REMAINS_TIMEOUT_MS = 60_000;
/** A fast shutdown writes a checkpoint: at most `shared_buffers` to disk. */
export const STOP_FAST_TIMEOUT_MS = 30_000;
/** An immediate shutdown only ends processes; the next start recovers. */
export const STOP_IMMEDIATE_TIMEOUT_MS = 10_000;
export const POLL_INTERVAL_MS = 20;
export const RESTART_BACKOFF_FIRST_MS = 100;
export const RESTART_BACKOFF_MAX_MS = 5_000;
/** After this long without a crash the next one is restarted at once again. */
export const RESTART_BACKOFF_RESET_MS = 60_000;
export const LOG_LINES_KEPT = 40;
export const LOG_LINE_CHARACTERS_MAX = 8_192;

const SETTINGS: Readonly<Record<string, string>> = {
  // Money: a commit that was answered is on the disk, whatever dies next.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_compression: 'on',
  max_wal_size: '1GB', // Bounds recovery to seconds.
  checkpoint_timeout: '5min',
  restart_after_crash: 'on', // The postmaster itself mends the death of a backend.
  // Reached by this machine's owner alone.
  listen_addresses: '',
  unix_socket_permissions: '0700',
  // Modest: one server with a pool of a few connections.
  max_connections: '40',
  shared_buffers: '64MB',
  max_wal_senders: '4',
  io_method: 'sync', // The worker method keeps three more processes for reads that the page cache answers.
  // Plain words in our log, in English and UTC.
  cluster_name: 'turnpike',
  log_timezone: 'UTC',
  timezone: 'UTC',
  log_checkpoints: 'off',
  log_line_prefix: '',
  logging_collector: 'off',
};

export function settingsAsArguments(more: Readonly<Record<string, string>>): string[] {
  return Object.entries({ ...SETTINGS, ...more }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
}
