// What must lie on the disk: the packages as locked, and a data directory with room.

import { constants } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import * as z from 'zod';

import { bytes } from '../amounts.ts';
import type { Surroundings } from '../surroundings.ts';
import { ill, well, type Check } from './check.ts';

/** PostgreSQL keeps up to 1 GiB of write-ahead log before it recycles it. */
const DISK_FREE_BYTES_MIN = 1024 ** 3;
const OTHERS_READ_OR_WRITE = 0o066;

export async function checkData({ dataDirectory }: Surroundings): Promise<readonly Check[]> {
  const existing = await nearestExisting(dataDirectory);
  return [await checkRoom(existing), await checkAccess(dataDirectory, existing)];
}

async function checkRoom(directory: string): Promise<Check> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= DISK_FREE_BYTES_MIN) return well('disk', `${bytes(free)} free for ${directory}`);
  const remedy = `free ${bytes(DISK_FREE_BYTES_MIN)}, or point TURNPIKE_DATA to a larger disk`;
  return ill('disk', `only ${bytes(free)} free for ${directory}`, remedy);
}

async function checkAccess(dataDirectory: string, existing: string): Promise<Check> {
  try {
    await access(existing, constants.W_OK | constants.X_OK);
  } catch {
    const remedy = `give this user write access to ${existing}, or point TURNPIKE_DATA elsewhere`;
    return ill('data', `this user may not write to ${existing}`, remedy);
  }
  if (existing !== dataDirectory)
    return well('data', `${dataDirectory} will be made on the first start`);
  const { mode } = await stat(dataDirectory);
  if ((mode & OTHERS_READ_OR_WRITE) === 0) return well('data', dataDirectory);
  const detail = `${dataDirectory} is open to other users of this machine, and holds secrets`;
  return ill('data', detail, `run "chmod 700 ${dataDirectory}"`);
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  return exists || dirname(path) === path ? path : nearestExisting(dirname(path));
}

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      optional: z.boolean().optional(),
      link: z.boolean().optional(),
    }),
  ),
});

/** npm writes what it installed beside it, in the lockfile's own form. */
export async function checkPackages({ root }: Surroundings): Promise<Check> {
  const remedy = `run "npm ci" in ${root}`;
  const wanted = await readLock(join(root, 'package-lock.json'));
  const installed = await readLock(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined)
    return ill('packages', 'package-lock.json is missing', 'get a whole clone');
  if (installed === undefined) return ill('packages', 'nothing is installed', remedy);
  const required = Object.entries(wanted).filter(
    ([path, entry]) =>
      path.startsWith('node_modules/') && entry.optional !== true && entry.link !== true,
  );
  const wrong = required.filter(([path, { version }]) => installed[path]?.version !== version);
  const [first] = wrong;
  if (first === undefined) return well('packages', `${required.length} installed as locked`);
  const name = first[0].slice('node_modules/'.length);
  return ill('packages', `${wrong.length} missing or of another version, such as ${name}`, remedy);
}

async function readLock(path: string) {
  try {
    return lockfile.parse(JSON.parse(await readFile(path, 'utf8'))).packages;
  } catch {
    return undefined;
  }
}
