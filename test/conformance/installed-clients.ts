// Other people's clients, installed as their own lockfile says, once. They are no dependency of Turnpike: whoever only
// starts it does not get them. Where npm can't get them the tests fail and say so, because a matrix that nobody played
// must not look green.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const CLIENTS = fileURLToPath(new URL('./clients/', import.meta.url));
const STAMP = join(CLIENTS, 'node_modules/.turnpike-installed');
const LOCK = join(CLIENTS, '.install-lock');
const INSTALL_MS_MAX = 240_000;

/** Two test files may ask at once; the second waits. */
export async function installClients(): Promise<void> {
  const lockfile = await readFile(join(CLIENTS, 'package-lock.json'));
  const wanted = createHash('sha256').update(lockfile).digest('hex');
  const deadlineMs = performance.now() + INSTALL_MS_MAX;
  while ((await readFile(STAMP, 'utf8').catch(() => '')) !== wanted) {
    if (await takeLock()) {
      try {
        await install(wanted);
      } finally {
        await rm(LOCK, { recursive: true, force: true });
      }
    } else if (performance.now() > deadlineMs) {
      throw new Error(`${LOCK} is left from another run: remove it and run the tests again.`);
    } else await sleep(200);
  }
}

/** A lock that is older than any installation takes is nobody's. */
async function takeLock(): Promise<boolean> {
  const since = await stat(LOCK).catch(() => undefined);
  if (since !== undefined && Date.now() - since.mtimeMs > INSTALL_MS_MAX) {
    await rm(LOCK, { recursive: true, force: true });
  }
  return mkdir(LOCK).then(
    () => true,
    () => false,
  );
}

async function install(stamp: string): Promise<void> {
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: CLIENTS,
      timeout: INSTALL_MS_MAX,
    });
  } catch (error) {
    const detail = error instanceof Error ? error.message.trim().slice(-500) : String(error);
    throw new Error(
      `The clients of the conformance matrix could not be installed; run \`npm ci --ignore-scripts\` in test/conformance/clients to see why: ${detail}`,
      { cause: error },
    );
  }
  await writeFile(STAMP, stamp);
}
