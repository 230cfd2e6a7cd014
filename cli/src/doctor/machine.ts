// The machine itself: its Node, its system, its memory.

import { availableParallelism, totalmem } from 'node:os';

import { bytes } from '../amounts.ts';
import type { Surroundings } from '../surroundings.ts';
import { ill, well, type Check } from './check.ts';
import { modelBytes } from './models.ts';

/** The first that runs TypeScript without a flag and without a warning. */
const NODE_MAJOR_MIN = 24;
/** What the bootstrap script is written for. */
const NPM_NODE_MAJOR_MIN = 20;
/** Those for which both PostgreSQL and the engine come ready-made from npm. */
const SYSTEMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
/** The engine's ready-made binaries were linked against it (Debian 12 and Ubuntu 22.04 have it). */
const GLIBC_MIN = '2.34';
/** The server, PostgreSQL and the engine, before the model. */
const MEMORY_BASE_BYTES = 512 * 1024 ** 2;

export function checkNode({ npmNodeVersion }: Surroundings): readonly Check[] {
  const { node } = process.versions;
  const pinned =
    majorOf(node) >= NODE_MAJOR_MIN
      ? well('node', `runs on ${node}`)
      : ill(
          'node',
          `runs on ${node}, too old`,
          'start it with "npm run turnpike -- …": it brings its own Node',
        );
  if (npmNodeVersion === undefined) return [pinned];
  const npm =
    majorOf(npmNodeVersion) >= NPM_NODE_MAJOR_MIN
      ? well('npm', `runs on Node ${npmNodeVersion}`)
      : ill(
          'npm',
          `runs on Node ${npmNodeVersion}, too old`,
          `install Node ${NPM_NODE_MAJOR_MIN} or newer`,
        );
  return [pinned, npm];
}

export function checkSystem({ databaseUrl }: Surroundings): Check {
  const system = `${process.platform}-${process.arch}`;
  if (!SYSTEMS.includes(system)) {
    const remedy = `use one of ${SYSTEMS.join(', ')}${databaseUrl === undefined ? ', or set DATABASE_URL and engines elsewhere' : ''}`;
    return ill('system', `${system} has no ready-made PostgreSQL and engine`, remedy);
  }
  if (process.platform !== 'linux') return well('system', system);
  const glibc = glibcVersion();
  if (glibc === undefined) {
    return ill(
      'system',
      `${system} without glibc (musl?)`,
      'use a distribution with glibc, such as Debian 12',
    );
  }
  if (isOlder(glibc, GLIBC_MIN)) {
    const remedy = `use a system with glibc ${GLIBC_MIN} or newer, such as Debian 12 or Ubuntu 22.04`;
    return ill('system', `${system} with glibc ${glibc}, too old for the engine`, remedy);
  }
  return well('system', `${system}, glibc ${glibc}, ${availableParallelism()} processors`);
}

export async function checkMemory(surroundings: Surroundings): Promise<Check> {
  const limit = process.constrainedMemory();
  // Without a limit Node reports 0 or a number beyond any machine.
  const all = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const free = Math.min(process.availableMemory(), all);
  const needed = MEMORY_BASE_BYTES + (await modelBytes(surroundings));
  if (free < needed) {
    const remedy = 'stop other programs, or choose a smaller model with TURNPIKE_MODEL';
    return ill('memory', `${bytes(free)} free, ${bytes(needed)} needed`, remedy);
  }
  return well('memory', `${bytes(free)} free of ${bytes(all)}, ${bytes(needed)} needed`);
}

function glibcVersion(): string | undefined {
  const report: unknown = process.report.getReport();
  if (!(report instanceof Object) || !('header' in report)) return undefined;
  const { header } = report;
  if (!(header instanceof Object) || !('glibcVersionRuntime' in header)) return undefined;
  return String(header.glibcVersionRuntime);
}

function majorOf(version: string): number {
  return Number(version.split('.')[0]);
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
