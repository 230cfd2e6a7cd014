// Reads what a process left in its settlement log when it ended: every record that it ever acknowledged and that may not
// be in PostgreSQL yet.

import { join } from 'node:path';
import { err, ok, type Result } from '../../lib/result.ts';
import { type Disk, systemDisk } from './disk.ts';
import type { Frame } from './frame.ts';
import { readFrames, readHead } from './segment.ts';

export type SegmentFile = {
  readonly path: string;
  readonly epoch: number;
  readonly firstSeq: number;
};

export type LeftSegment = SegmentFile & { readonly lastSeq: number };

export type LeftLog = {
  /** By epoch, then by sequence number; without those that hold no record. */
  readonly segments: readonly LeftSegment[];
  /** All files that hold or held records: to be removed once everything is applied. */
  readonly paths: readonly string[];
};

const SEGMENT_NAME = /^segment-(\d{10})-(\d{15})\.log$/;

export function segmentName(epoch: number, firstSeq: number): string {
  return `segment-${String(epoch).padStart(10, '0')}-${String(firstSeq).padStart(15, '0')}.log`;
}

export function segmentFiles(directory: string, disk: Disk = systemDisk): readonly SegmentFile[] {
  return disk.list(directory).flatMap((name) => {
    const match = SEGMENT_NAME.exec(name);
    if (match === null) return [];
    return [{ path: join(directory, name), epoch: Number(match[1]), firstSeq: Number(match[2]) }];
  });
}

/** Looks at every frame, keeps none in memory. The error is one sentence: what is wrong and what to do. */
export function readLeftLog(
  directory: string,
  gatewayId: string,
  disk: Disk = systemDisk,
): Result<LeftLog, string> {
  const files = segmentFiles(directory, disk);
  const segments: LeftSegment[] = [];
  for (const [at, file] of files.entries()) {
    const next = files[at + 1];
    const isLast = next?.epoch !== file.epoch;
    const read = readSegment(disk, file, gatewayId, isLast);
    if (!read.ok) return read;
    const lastSeq = file.firstSeq + read.value.length - 1;
    if (!isLast && lastSeq + 1 !== next.firstSeq) return err(damaged(file.path, lastSeq + 1));
    if (read.value.length > 0) segments.push({ ...file, lastSeq });
  }
  return ok({ segments, paths: files.map(({ path }) => path) });
}

/** Again, this time for its records; it was found whole by `readLeftLog`. */
export function framesOf(
  segment: LeftSegment,
  gatewayId: string,
  disk: Disk = systemDisk,
): readonly Frame[] {
  const read = readSegment(disk, segment, gatewayId, true);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

function readSegment(
  disk: Disk,
  { path, epoch, firstSeq }: SegmentFile,
  gatewayId: string,
  isLast: boolean,
): Result<readonly Frame[], string> {
  const bytes = disk.read(path);
  const head = readHead(bytes);
  if (head === undefined || head.epoch !== epoch || head.firstSeq !== firstSeq) {
    // A crash between the file's new name and its first record leaves the old head, or none.
    if (isLast && (head === undefined || head.firstSeq < firstSeq || head.epoch < epoch))
      return ok([]);
    return err(damaged(path, firstSeq));
  }
  if (head.gatewayId !== gatewayId) {
    return err(
      `The settlement log ${path} is of gateway "${head.gatewayId}", this one is "${gatewayId}"; give each server its own data directory.`,
    );
  }
  const { frames, damaged: isDamaged } = readFrames(bytes, head);
  if (isDamaged) return err(damaged(path, firstSeq + frames.length));
  return ok(frames);
}

function damaged(path: string, seq: number): string {
  return `The settlement log ${path} is damaged at record ${seq}: charges in it would be lost; restore the file, or move it away to go on without them.`;
}
