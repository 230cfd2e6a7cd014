// The user that PostgreSQL runs as: ourselves, or, since it refuses to be root, an unprivileged one.

import { readFileSync, statSync } from 'node:fs';
import { type Result, err, ok } from '../../../lib/result.ts';
import { type EmbeddedPostgresFailure, failure } from './failure.ts';

export type Account = { readonly uid: number; readonly gid: number };

/**
 * A user of its own, so that no other service (as would be with `nobody`) can read the books. Debian keeps
 * 65000–65533 free and systemd hands out up to 65519; user namespaces commonly map no more than 65536.
 */
const UNPRIVILEGED: Account = { uid: 65_521, gid: 65_521 };

export function weAreRoot(): boolean {
  return process.getuid?.() === 0;
}

/** An existing cluster keeps its owner: PostgreSQL runs as nobody else. */
export function chooseAccount(cluster: string): Result<Account, EmbeddedPostgresFailure> {
  const existing = statSync(cluster, { throwIfNoEntry: false });
  if (!weAreRoot()) {
    const own = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
    if (existing === undefined || existing.uid === own.uid) return ok(own);
    const sentence = `The database in ${cluster} belongs to user ${existing.uid}: start Turnpike as that user or as root, or set TURNPIKE_DATA to another directory.`;
    return err(failure('permission', sentence));
  }
  if (process.platform !== 'linux') {
    const sentence =
      'PostgreSQL does not run as root: start Turnpike as a normal user, or set DATABASE_URL.';
    return err(failure('permission', sentence));
  }
  if (existing === undefined || existing.uid === 0) return ok(UNPRIVILEGED);
  return ok({ uid: existing.uid, gid: existing.gid });
}

/**
 * initdb, unlike the server, insists that its user has a name. Root lets `nobody` run it in the private directory
 * and hands the finished files over.
 */
export function chooseInitdbAccount(account: Account): Result<Account, EmbeddedPostgresFailure> {
  if (process.platform !== 'linux') return ok(account);
  const named = readNamedAccounts();
  if (named === undefined || named.some((entry) => entry.uid === account.uid)) return ok(account);
  if (!weAreRoot()) return ok(account); // A directory service may know the name; if not, initdb says so.
  const nobody = named.find((entry) => entry.name === 'nobody') ?? named.find(({ uid }) => uid > 0);
  if (nobody !== undefined) return ok({ uid: nobody.uid, gid: nobody.gid });
  const sentence =
    'PostgreSQL needs an unprivileged user and /etc/passwd has none: add one, start Turnpike as a normal user, or set DATABASE_URL.';
  return err(failure('permission', sentence));
}

function readNamedAccounts(): (Account & { name: string })[] | undefined {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length >= 4)
      .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  } catch {
    return undefined;
  }
}
