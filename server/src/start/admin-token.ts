// The secret with which the operator's own tools call the management API. Made on the first start; only the user who
// runs the server can read it.

import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TOKEN = /^tpa-[\w-]{43}$/;

export function readOrMakeAdminToken(dataDirectory: string): string {
  const path = join(dataDirectory, 'admin-token');
  try {
    const token = readFileSync(path, 'utf8').trim();
    if (TOKEN.test(token)) return token;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const token = `tpa-${randomBytes(32).toString('base64url')}`;
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return token;
}
