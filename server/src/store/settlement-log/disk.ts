// What the settlement log needs of a disk. One adapter is the file system; the other is a disk in a simulation, which
// tears writes, fails flushes and forgets what was never flushed.

import {
  close,
  constants,
  existsSync,
  fdatasync,
  fsync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  write,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface DiskFile {
  /** How many of the bytes were written: at least one, perhaps not all. */
  write(from: Buffer, start: number, end: number, position: number): Promise<number>;
  /** The same, and when it resolves they are on the disk; only where the file was so large before. */
  writeDurably(from: Buffer, start: number, end: number, position: number): Promise<number>;
  /** When it resolves, all that was written is on the disk, with the file's size and blocks. */
  flushAll(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  makeDirectory(path: string): void;
  /** Names in a directory, in order; none if there is no such directory. */
  list(directory: string): readonly string[];
  exists(path: string): boolean;
  sizeOf(path: string): number;
  read(path: string): Buffer;
  rename(from: string, to: string): void;
  /** Nothing happens when there is no such file. */
  remove(path: string): void;
  /** Makes new names in it as durable as what is in the files. */
  flushDirectory(path: string): Promise<void>;
  create(path: string): DiskFile;
  open(path: string): DiskFile;
}

const writeSome = promisify(write);
const flush = promisify(fdatasync);
const flushAll = promisify(fsync);
const closeFile = promisify(close);

/**
 * Each write to such a file is a write and an fdatasync in one: one way to another thread and back instead of two. Linux
 * alone, because elsewhere this flag stops at the disk's own cache, where fdatasync does not.
 */
const DURABLE = process.platform === 'linux' ? constants.O_DSYNC : 0;

class SystemFile implements DiskFile {
  readonly #fd: number;
  readonly #writesAreDurable: boolean;

  constructor(fd: number, writesAreDurable: boolean) {
    this.#fd = fd;
    this.#writesAreDurable = writesAreDurable;
  }

  async write(from: Buffer, start: number, end: number, position: number): Promise<number> {
    return (await writeSome(this.#fd, from, start, end - start, position)).bytesWritten;
  }

  async writeDurably(from: Buffer, start: number, end: number, position: number): Promise<number> {
    const count = await this.write(from, start, end, position);
    if (!this.#writesAreDurable) await flush(this.#fd);
    return count;
  }

  flushAll(): Promise<void> {
    return flushAll(this.#fd);
  }

  close(): Promise<void> {
    return closeFile(this.#fd);
  }
}

export const systemDisk: Disk = {
  makeDirectory: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  list: (directory) => (existsSync(directory) ? readdirSync(directory).toSorted() : []),
  exists: existsSync,
  sizeOf: (path) => statSync(path).size,
  read: (path) => readFileSync(path),
  rename: renameSync,
  remove(path) {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) unlinkSync(path);
  },
  async flushDirectory(path) {
    await using directory = await open(path, 'r');
    await directory.sync();
  },
  create: (path) => new SystemFile(openSync(path, 'w', 0o600), false),
  open: (path) => new SystemFile(openSync(path, constants.O_RDWR | DURABLE), DURABLE !== 0),
};
