// The name of this gateway in the books: the same after every restart on the same data directory.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../lib/ids.ts';

export function readOrMakeGatewayId(dataDirectory: string): string {
  const path = join(dataDirectory, 'gateway-id');
  try {
    const id = readFileSync(path, 'utf8').trim();
    if (/^gw_\w+$/.test(id)) return id;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const id = newId('gw');
  writeFileSync(path, `${id}\n`, { mode: 0o600 });
  return id;
}
