// A segment of the settlement log: a file of a fixed size with a head that says whose it is, and frames behind it.
// Reading one tells a torn end, which a crash may leave, from damage, which nothing but a broken disk can.

import { crc32 } from 'node:zlib';
import { assert } from '../../lib/assert.ts';
import { aligned, type Frame, readFrame } from './frame.ts';

export type SegmentHead = {
  readonly gatewayId: string;
  readonly epoch: number;
  readonly firstSeq: number;
  /** At random for each process that writes. */
  readonly salt: number;
};

const MAGIC = 'TPSLOG1\n';
const GATEWAY_ID_BYTES_MAX = 128;
const CRC_AT = 252;
const COPY_BYTES = 256;
/** Twice: a crash tears both or none, and a broken disk is not likely to damage both. */
export const HEAD_BYTES = 2 * COPY_BYTES;

export function writeHead(into: Buffer, head: SegmentHead): void {
  into.fill(0, 0, COPY_BYTES);
  into.write(MAGIC, 0, 'latin1');
  into.writeUInt32LE(head.salt, 8);
  into.writeUInt32LE(head.epoch, 12);
  into.writeUIntLE(head.firstSeq, 16, 6);
  const bytes = Buffer.byteLength(head.gatewayId);
  assert(bytes <= GATEWAY_ID_BYTES_MAX, 'the name of a gateway is short');
  into.writeUInt8(bytes, 24);
  into.write(head.gatewayId, 25, 'utf8');
  into.writeUInt32LE(crc32(into.subarray(0, CRC_AT)), CRC_AT);
  into.copy(into, COPY_BYTES, 0, COPY_BYTES);
}

export function readHead(from: Buffer): SegmentHead | undefined {
  return readCopy(from) ?? readCopy(from.subarray(COPY_BYTES));
}

function readCopy(from: Buffer): SegmentHead | undefined {
  if (from.length < COPY_BYTES || from.toString('latin1', 0, 8) !== MAGIC) return undefined;
  if (crc32(from.subarray(0, CRC_AT)) !== from.readUInt32LE(CRC_AT)) return undefined;
  return {
    salt: from.readUInt32LE(8),
    epoch: from.readUInt32LE(12),
    firstSeq: from.readUIntLE(16, 6),
    gatewayId: from.toString('utf8', 25, 25 + from.readUInt8(24)),
  };
}

export type SegmentRead = {
  readonly frames: readonly Frame[];
  /** Behind the last good frame comes one that was written after it was durable: the one between is damaged. */
  readonly damaged: boolean;
};

/** The frames from the first one on, without a gap. */
export function readFrames(from: Buffer, head: SegmentHead): SegmentRead {
  const frames: Frame[] = [];
  let at = HEAD_BYTES;
  for (;;) {
    const read = readFrame(from, at, head.salt);
    const expected = head.firstSeq + frames.length;
    if (read?.frame.seq !== expected || read.frame.epoch !== head.epoch) break;
    frames.push(read.frame);
    at = read.next;
  }
  return { frames, damaged: laterGroupFrom(from, at, head, head.firstSeq + frames.length) };
}

/**
 * Groups are written one after the other, each when the one before is on the disk. So a torn frame is one of the last
 * group, and no frame behind it begins another.
 */
function laterGroupFrom(from: Buffer, start: number, head: SegmentHead, seq: number): boolean {
  for (let at = aligned(start); at + 20 <= from.length; at += 8) {
    // The fields first: they are cheap to look at, and almost never look right by chance.
    if (from.readUInt32LE(at + 16) !== head.epoch || from.readUIntLE(at + 8, 6) <= seq) continue;
    const read = readFrame(from, at, head.salt);
    if (read?.frame.startsGroup === true) return true;
  }
  return false;
}
