// Where the unix socket lies: a directory that only PostgreSQL's user and root may enter.

import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, err, ok } from '../../../lib/result.ts';
import { type Account, weAreRoot } from './account.ts';
import { type EmbeddedPostgresFailure, failure } from './failure.ts';
import { SOCKET_PORT } from './settings.ts';

/** `sun_path` is 108 bytes on Linux and 104 on macOS, with the final zero. */
const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

export type SocketDirectory = {
  /** For clients. */
  readonly path: string;
  /** For the postmaster, which stands in the cluster's directory. */
  readonly asSeenByPostmaster: string;
};

export async function ensureSocketDirectory(
  dataDirectory: string,
  account: Account,
): Promise<Result<SocketDirectory, EmbeddedPostgresFailure>> {
  const beside = join(dataDirectory, 'socket');
  const fits = Buffer.byteLength(join(beside, `.s.PGSQL.${SOCKET_PORT}`)) <= SOCKET_PATH_BYTES_MAX;
  const digest = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  // Root's TMPDIR may be closed to others.
  const temporary = join(weAreRoot() ? '/tmp' : tmpdir(), `turnpike-${account.uid}-${digest}`);
  const path = fits ? beside : temporary;
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  const found = await lstat(path);
  const ours = found.uid === account.uid || found.uid === process.getuid?.();
  if (!found.isDirectory() || !ours) {
    const sentence = `${path} is needed for PostgreSQL's socket and belongs to somebody else: remove it, or set TURNPIKE_DATA to a directory with a shorter path.`;
    return err(failure('permission', sentence));
  }
  await chmod(path, 0o700);
  if (found.uid !== account.uid) await chown(path, account.uid, account.gid);
  return ok({ path, asSeenByPostmaster: fits ? '../socket' : path });
}
