// The settlement log: what was appended is on the disk when its promise resolves. One write and one fdatasync are under
// way at a time; everything that comes meanwhile goes in the next, so a busy gateway pays for one flush per hundred
// records and an idle one waits for nobody.
//
// Segments are written full of zeros once and then overwritten for ever: to flush an overwrite costs half of flushing an
// append, and a disk that fills up is noticed a whole segment before a record would not fit.

import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { assert } from '../../lib/assert.ts';
import { type Cancel, pause, systemTimers, type Timers } from '../../ports/timers.ts';
import { type Disk, type DiskFile, systemDisk } from './disk.ts';
import { frameBytesMax, writeFrame } from './frame.ts';
import { segmentName } from './read-log.ts';
import { HEAD_BYTES, writeHead } from './segment.ts';
import { SpareSegments } from './spare-segments.ts';

export type SettlementLogOptions = {
  readonly directory: string;
  readonly gatewayId: string;
  readonly epoch: number;
  readonly segmentBytes?: number;
  readonly disk?: Disk;
  readonly timers?: Timers;
  /** Called once, when the log can't keep its promise any more: the process must stop. */
  readonly onBroken: (sentence: string) => void;
  /** The disk is full or slow: nothing is lost, but what is appended meanwhile may be refused. */
  readonly onTrouble: (sentence: string) => void;
};

/** Nothing that was refused with this is on the disk; the next may succeed. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

/** After the first error of a write or a flush nobody knows what is on the disk: the log is never used again. */
export class LogBroken extends Error {
  override readonly name = 'LogBroken';
}

/** Some 15,000 records: seconds of a busy gateway, and quickly written full at a first start. */
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Written at once; a quarter of the smallest segment that the tests use. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024;
/**
 * Of records that PostgreSQL has not taken, some 60,000: more than leases last for in a gateway of a thousand requests a
 * second while it is away, and no more than a start applies in two seconds, or a process has room for.
 */
const LOG_BYTES_MAX = 4 * SEGMENT_BYTES;
/** However small they are, as in tests. */
const SEGMENTS_MAX = 64;
/**
 * While so many requests run that others end soon, groups begin this far apart: at 64 in flight the way of every record or
 * two to the disk and back was a tenth of this thread's samples, and with two milliseconds from 16 requests on a twentieth.
 * Who is one of so many does not see a millisecond; fewer would hold back those who wait for their answer before they ask
 * again.
 */
const PACE_MS = 1;
const PACED_FROM_RUNNING = 32;
/** A disk that is silent for longer is broken: nobody waits for its answer. */
const FLUSH_TIMEOUT_MS = 15_000;

type Segment = {
  readonly path: string;
  readonly file: DiskFile;
  readonly firstSeq: number;
  at: number;
};

class Group {
  readonly durable: Promise<void>;
  readonly firstSeq: number;
  buffer: Buffer;
  /** The head of a segment, should it be the first in one, is written with it. */
  end = HEAD_BYTES;
  count = 0;
  resolve: () => void = () => {};
  reject: (error: Error) => void = () => {};

  constructor(buffer: Buffer, firstSeq: number) {
    this.buffer = buffer;
    this.firstSeq = firstSeq;
    this.durable = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.durable.catch(() => {}); // Nobody may be waiting; who is gets the error.
  }

  reserve(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.end + bytes));
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
  }
}

export class SettlementLog implements AsyncDisposable {
  readonly #options: SettlementLogOptions;
  readonly #disk: Disk;
  readonly #timers: Timers;
  readonly #spares: SpareSegments;
  readonly #salt = randomInt(2 ** 32);
  readonly #segmentBytes: number;
  /** The oldest first; the last one is written. */
  readonly #segments: Segment[] = [];
  #group: Group;
  #inFlight: Group | undefined;
  #idleBuffer: Buffer = Buffer.allocUnsafe(64 * 1024);
  #lastSeq = 0;
  #flushing: Promise<void> | undefined;
  #flushSinceMs = Infinity;
  #lastFlushMs = -Infinity;
  #running = 0;
  #broken: LogBroken | undefined;
  #roomy = true;
  readonly #endWatch: Cancel;

  private constructor(options: SettlementLogOptions) {
    const { directory, disk = systemDisk, timers = systemTimers } = options;
    this.#options = options;
    this.#disk = disk;
    this.#timers = timers;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#spares = SpareSegments.open(disk, directory, this.#segmentBytes);
    this.#group = new Group(Buffer.allocUnsafe(64 * 1024), 1);
    this.#endWatch = timers.every(1_000, () => {
      this.#watchDisk();
      this.#lookForRoom();
    });
  }

  /** The directory holds no segments any more: what an earlier process left has been applied and removed. */
  static open(options: SettlementLogOptions): SettlementLog {
    return new SettlementLog(options);
  }

  /** The number of the record that was appended last. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Whether a record that is appended now is likely to be kept. */
  get usable(): boolean {
    return this.#broken === undefined && this.#roomy;
  }

  /** `running`: how many requests have not ended yet. */
  append(payload: string, running = 0): Promise<void> {
    this.#running = running;
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const group = this.#group;
    const bytes = frameBytesMax(payload);
    if (group.end + bytes > this.#groupBytesMax()) {
      return Promise.reject(new NoRoom('The disk is slower than the requests; wait a moment.'));
    }
    group.reserve(bytes);
    const seq = this.#lastSeq + 1;
    const frame = { seq, epoch: this.#options.epoch, startsGroup: group.count === 0, payload };
    group.end = writeFrame(group.buffer, group.end, frame, this.#salt);
    group.count += 1;
    this.#lastSeq = seq;
    this.#flushing ??= this.#flushAll();
    return group.durable;
  }

  /** Everything up to and with this record is in PostgreSQL: its segments are used again. */
  free(throughSeq: number): void {
    for (;;) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined || next.firstSeq > throughSeq + 1) return;
      this.#segments.shift();
      oldest.file.close().catch(() => {}); // Nothing in it is needed any more.
      this.#spares.take(oldest.path);
    }
  }

  /** When everything that was appended so far is durable, or refused. */
  async flushed(): Promise<void> {
    await this.#flushing;
  }

  /** Waits for what was appended. Without `emptied` the records stay for the next start. */
  async close(emptied: boolean): Promise<void> {
    await this.#flushing;
    this.#endWatch();
    for (const { file, path } of this.#segments.splice(0)) {
      await file.close();
      if (emptied) this.#spares.take(path);
    }
    await this.#spares[Symbol.asyncDispose]();
    this.#broken ??= new LogBroken('The settlement log is closed.');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close(false);
  }

  get #segmentsMax(): number {
    return Math.min(SEGMENTS_MAX, Math.floor(LOG_BYTES_MAX / this.#segmentBytes));
  }

  get #tooMany(): string {
    return `The settlement log holds ${this.#segmentsMax} segments that PostgreSQL has not taken; look why it does not.`;
  }

  #groupBytesMax(): number {
    return Math.min(GROUP_BYTES_MAX, this.#segmentBytes);
  }

  async #flushAll(): Promise<void> {
    // After the current turn of the event loop: everything that it brings goes into the first group.
    await this.#timers.turn();
    while (this.#group.count > 0 && this.#broken === undefined) {
      await this.#pace();
      const group = this.#group;
      this.#group = new Group(this.#idleBuffer, group.firstSeq + group.count);
      this.#inFlight = group;
      try {
        await this.#flush(group);
        group.resolve();
      } catch (error) {
        if (error instanceof NoRoom) this.#refuse(group, error);
        else this.#break(group, error);
      }
      this.#inFlight = undefined;
      this.#idleBuffer = group.buffer;
    }
    this.#flushing = undefined; // In the same turn as the look at what is left, so that nothing slips between.
  }

  async #pace(): Promise<void> {
    const restMs = this.#lastFlushMs + PACE_MS - this.#timers.monotonicMs();
    if (this.#running >= PACED_FROM_RUNNING && restMs > 0) await pause(this.#timers, restMs);
  }

  async #flush(group: Group): Promise<void> {
    const segment = await this.#segmentFor(group);
    const isFirst = segment.at === 0;
    const start = isFirst ? 0 : HEAD_BYTES;
    if (isFirst) {
      const { gatewayId, epoch } = this.#options;
      const head = { gatewayId, epoch, firstSeq: group.firstSeq, salt: this.#salt };
      writeHead(group.buffer, head);
    }
    this.#flushSinceMs = this.#lastFlushMs = this.#timers.monotonicMs();
    await writeDurably(segment.file, group.buffer, start, group.end, segment.at);
    this.#flushSinceMs = Infinity;
    segment.at += group.end - start;
  }

  async #segmentFor(group: Group): Promise<Segment> {
    const current = this.#segments.at(-1);
    const bytes = group.end - HEAD_BYTES;
    if (current !== undefined && current.at + bytes <= this.#segmentBytes) {
      this.#lookForRoom();
      return current;
    }
    if (this.#segments.length >= this.#segmentsMax) throw new NoRoom(this.#tooMany);
    const spare = await this.#spares.give();
    if (!spare.ok) throw new NoRoom(spare.error);
    const name = segmentName(this.#options.epoch, group.firstSeq);
    const path = join(this.#options.directory, name);
    this.#disk.rename(spare.value, path);
    await this.#disk.flushDirectory(this.#options.directory);
    const file = this.#disk.open(path);
    const segment = { path, file, firstSeq: group.firstSeq, at: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** None of it is on the disk: its numbers are given again. */
  #refuse(group: Group, reason: NoRoom): void {
    if (this.#roomy) this.#options.onTrouble(reason.message);
    this.#roomy = false;
    const behind = this.#group;
    this.#group = new Group(behind.buffer, group.firstSeq);
    this.#lastSeq = group.firstSeq - 1;
    group.reject(reason);
    behind.reject(reason);
  }

  #break(group: Group, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const sentence = `The settlement log in ${this.#options.directory} could not be written (${reason}); no request can be paid any more: mend the disk and start again.`;
    const broken = new LogBroken(sentence);
    if (this.#broken === undefined) this.#options.onBroken(sentence);
    this.#broken = broken;
    group.reject(broken);
    this.#group.reject(broken);
    this.#inFlight?.reject(broken);
  }

  /**
   * Behind the middle of a segment there must be another one, or nobody new is let in: what runs then fits into the other
   * half.
   */
  #lookForRoom(): void {
    const current = this.#segments.at(-1);
    const runsOut = current === undefined || current.at > this.#segmentBytes / 2;
    if (runsOut) this.#spares.prepare();
    const isAtEnd = this.#segments.length >= this.#segmentsMax;
    const problem = isAtEnd ? this.#tooMany : this.#spares.problem;
    const roomy = !runsOut || problem === undefined;
    if (this.#roomy && !roomy) this.#options.onTrouble(problem ?? '');
    this.#roomy = roomy;
  }

  #watchDisk(): void {
    const sinceMs = this.#timers.monotonicMs() - this.#flushSinceMs;
    if (sinceMs < FLUSH_TIMEOUT_MS || this.#broken) return;
    this.#break(this.#group, new Error(`no answer of the disk for ${FLUSH_TIMEOUT_MS / 1_000} s`));
  }
}

async function writeDurably(
  file: DiskFile,
  buffer: Buffer,
  start: number,
  end: number,
  position: number,
): Promise<void> {
  let written = 0;
  while (start + written < end) {
    const from = start + written;
    const count = await file.writeDurably(buffer, from, end, position + written);
    assert(count > 0, 'a write makes progress');
    written += count;
  }
}
