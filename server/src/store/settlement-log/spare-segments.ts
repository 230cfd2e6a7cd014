// Segments before and after their use: files of the right size whose blocks exist, ready to be overwritten. One is always
// kept ahead, so that a disk that fills up is noticed while there is still room for thousands of records.

import { join } from 'node:path';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Disk } from './disk.ts';

/** More are removed: a burst must not keep its disk space for ever. */
const SPARES_MAX = 2;
const SPARE_NAME = /^spare-\d+\.log$/;
const CHUNK_BYTES = 1024 * 1024;

export class SpareSegments implements AsyncDisposable {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #bytes: number;
  readonly #ready: string[] = [];
  #made = 0;
  #problem: string | undefined;
  #making: Promise<Result<string, string>> | undefined;

  private constructor(disk: Disk, directory: string, bytes: number) {
    this.#disk = disk;
    this.#directory = directory;
    this.#bytes = bytes;
  }

  /** The first one is made in the background: nobody waits for it until it is needed. */
  static open(disk: Disk, directory: string, bytes: number): SpareSegments {
    disk.makeDirectory(directory);
    const spares = new SpareSegments(disk, directory, bytes);
    for (const name of disk.list(directory).filter((file) => SPARE_NAME.test(file))) {
      spares.#adopt(join(directory, name));
    }
    spares.prepare();
    return spares;
  }

  /** Why there is none, in one sentence; undefined while there is one, or one is being made. */
  get problem(): string | undefined {
    return this.#ready.length > 0 ? undefined : this.#problem;
  }

  /** Sees to it that one is ready soon. */
  prepare(): void {
    if (this.#ready.length > 0 || this.#making !== undefined) return;
    this.#making = this.#make().finally(() => (this.#making = undefined));
  }

  async give(): Promise<Result<string, string>> {
    this.prepare();
    const making = this.#making;
    if (making !== undefined) {
      const made = await making;
      if (!made.ok) return made;
    }
    const path = this.#ready.pop();
    return path === undefined ? err('There is no spare segment.') : ok(path);
  }

  /** A segment whose records are all in PostgreSQL. */
  take(path: string): void {
    if (this.#ready.length >= SPARES_MAX) {
      this.#disk.remove(path);
      return;
    }
    const spare = this.#newPath();
    this.#disk.rename(path, spare);
    this.#ready.push(spare);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#making;
  }

  #adopt(path: string): void {
    // Half made, or made by a program with another size.
    const isHalfMade = this.#disk.sizeOf(path) !== this.#bytes;
    if (isHalfMade || this.#ready.length >= SPARES_MAX) this.#disk.remove(path);
    else this.#ready.push(path);
  }

  #newPath(): string {
    for (;;) {
      const path = join(this.#directory, `spare-${(this.#made += 1)}.log`);
      if (!this.#disk.exists(path)) return path;
    }
  }

  async #make(): Promise<Result<string, string>> {
    const path = this.#newPath();
    const half = `${path}.half`;
    try {
      await this.#fillWithZeros(half);
      this.#disk.rename(half, path);
      this.#ready.push(path);
      this.#problem = undefined;
      return ok(path);
    } catch (error) {
      this.#disk.remove(half);
      const reason = error instanceof Error ? error.message : String(error);
      this.#problem = `There is no room for the settlement log in ${this.#directory} (${reason}); free some disk space.`;
      return err(this.#problem);
    }
  }

  async #fillWithZeros(path: string): Promise<void> {
    const file = this.#disk.create(path);
    try {
      const zeros = Buffer.alloc(Math.min(CHUNK_BYTES, this.#bytes));
      for (let at = 0; at < this.#bytes;) {
        at += await file.write(zeros, 0, Math.min(zeros.length, this.#bytes - at), at);
      }
      await file.flushAll();
    } finally {
      await file.close();
    }
  }
}
