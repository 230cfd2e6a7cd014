// A disk that keeps what was flushed and nothing else for certain. A process that is killed leaves what it had written; a
// power cut leaves any part of what was written since the last flush, sector by sector, and any number of the last
// changes of names.

import type { Disk, DiskFile } from '../../server/src/store/settlement-log/disk.ts';
import type { Life, World } from './world.ts';

const SECTOR_BYTES = 512;

class FileModel {
  bytes = Buffer.alloc(0);
  durable = Buffer.alloc(0);
}

type Names = Map<string, FileModel>;

export class Killed extends Error {
  override readonly name = 'Killed';
}

export type DiskTrouble = {
  /** Of one operation. */
  readonly slow: number;
  readonly shortWrite: number;
  readonly failedFlush: number;
  readonly full: number;
  /** Within a flush. */
  readonly powerCut: number;
  /** The process dies in the middle of a synchronous operation. */
  readonly killed: number;
};

export class DiskModel {
  readonly #world: World;
  readonly trouble: DiskTrouble;
  /** As programs see them; and what every past state of them was since the last flush of the directory. */
  #names: Names = new Map();
  #past: Names[] = [];
  /** Set while faults are on. */
  isTroubled = true;
  onPowerCut: () => void = () => {};
  /** Flushes take long, and the power is cut within one of the next. */
  isAboutToFail = false;

  constructor(world: World, trouble: DiskTrouble) {
    this.#world = world;
    this.trouble = trouble;
  }

  /** The power fails: what was not flushed is there in part. */
  cutPower(): void {
    const { chance } = this.#world;
    const kept = chance.whole(0, this.#past.length);
    this.#names = new Map(this.#past[kept] ?? this.#names);
    this.#past = [];
    for (const file of new Set(this.#names.values())) {
      const { durable, bytes } = file;
      const left = Buffer.from(durable.length === bytes.length ? durable : bytes);
      if (durable.length !== bytes.length) {
        durable.copy(left);
        if (durable.length < left.length) left.fill(0, durable.length);
      }
      for (let at = 0; at < left.length; at += SECTOR_BYTES) {
        if (chance.happens(0.5))
          bytes.copy(left, at, at, Math.min(at + SECTOR_BYTES, bytes.length));
      }
      file.bytes = left;
      file.durable = Buffer.from(left);
    }
  }

  /** Whether this text would be there after a power cut, whatever is left of the rest. */
  holdsDurably(text: string): boolean {
    const states = [this.#names, ...this.#past];
    return states.every((names) => [...names.values()].some((file) => file.durable.includes(text)));
  }

  of(life: Life): Disk {
    const alive = () => {
      if (life.alive && this.isTroubled && this.#world.chance.happens(this.trouble.killed)) {
        life.alive = false;
        this.#world.tell(() => 'killed within an operation of the disk');
      }
      if (!life.alive) throw new Killed();
    };
    const rename = (change: () => void) => {
      alive();
      this.#past.push(new Map(this.#names));
      change();
    };
    return {
      makeDirectory: alive,
      list: (directory) => {
        alive();
        const prefix = `${directory}/`;
        return [...this.#names.keys()]
          .filter((path) => path.startsWith(prefix))
          .map((path) => path.slice(prefix.length))
          .toSorted();
      },
      exists: (path) => this.#names.has(path),
      sizeOf: (path) => this.#file(path).bytes.length,
      read: (path) => (alive(), Buffer.from(this.#file(path).bytes)),
      rename: (from, to) =>
        rename(() => {
          const file = this.#file(from);
          this.#names.delete(from);
          this.#names.set(to, file);
        }),
      remove: (path) => rename(() => void this.#names.delete(path)),
      flushDirectory: async () => {
        await this.#delay(life);
        this.#past = [];
      },
      create: (path) => {
        const file = new FileModel();
        rename(() => void this.#names.set(path, file));
        return this.#open(file, life);
      },
      open: (path) => (alive(), this.#open(this.#file(path), life)),
    };
  }

  #file(path: string): FileModel {
    const file = this.#names.get(path);
    if (file === undefined) throw new Error(`ENOENT: ${path}`);
    return file;
  }

  #open(file: FileModel, life: Life): DiskFile {
    const write: DiskFile['write'] = async (from, start, end, position) => {
      const { chance } = this.#world;
      const bytes = Buffer.from(from.subarray(start, end));
      const full =
        this.isTroubled &&
        position + bytes.length > file.bytes.length &&
        chance.happens(this.trouble.full);
      const count =
        this.isTroubled && chance.happens(this.trouble.shortWrite)
          ? chance.whole(1, bytes.length)
          : bytes.length;
      // A process that dies while it writes leaves some of it.
      const partly = chance.whole(0, count);
      if (!full) put(file, bytes.subarray(0, partly), position);
      await this.#delay(life);
      if (full)
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      put(file, bytes.subarray(0, count), position);
      return count;
    };
    return {
      write,
      writeDurably: async (...what) => {
        const count = await write(...what);
        await this.#flush(file, life);
        return count;
      },
      flushAll: () => this.#flush(file, life),
      close: () => Promise.resolve(),
    };
  }

  async #flush(file: FileModel, life: Life): Promise<void> {
    const fails = this.isTroubled && this.#world.chance.happens(this.trouble.failedFlush);
    const bytes = Buffer.from(file.bytes);
    if (this.isTroubled) await this.#cutSoon(life);
    await this.#delay(life);
    if (fails) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    file.durable = bytes;
  }

  async #cutSoon(life: Life): Promise<void> {
    const { chance } = this.#world;
    if (chance.happens(this.isAboutToFail ? 0.4 : this.trouble.powerCut)) {
      this.isAboutToFail = false;
      this.#world.after(chance.fraction(), life, () => this.onPowerCut());
    } else if (this.isAboutToFail) {
      await this.#world.wait(chance.whole(10, 40), life);
    }
  }

  async #delay(life: Life): Promise<void> {
    const { chance } = this.#world;
    const isSlow = this.isTroubled && chance.happens(this.trouble.slow);
    await this.#world.wait(isSlow ? chance.whole(10, 300) : chance.fraction() * 2, life);
  }
}

function put(file: FileModel, bytes: Buffer, position: number): void {
  if (file.bytes.length < position + bytes.length) {
    const larger = Buffer.alloc(position + bytes.length);
    file.bytes.copy(larger);
    file.bytes = larger;
  }
  bytes.copy(file.bytes, position);
}
