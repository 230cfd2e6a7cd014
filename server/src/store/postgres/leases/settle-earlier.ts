// The first step of every start: what earlier lives of this gateway had settled is paid before anything that they had set
// aside is given back, or somebody else could spend it first.

import { err, ok, type Result } from '../../../lib/result.ts';
import { type Disk, systemDisk } from '../../settlement-log/disk.ts';
import { readLeftLog } from '../../settlement-log/read-log.ts';
import type { StoreFailure } from '../connection.ts';
import type { Gateway } from '../ledger-batch.ts';
import type { StoreProblem } from '../store-problem.ts';
import type { Books } from './books.ts';
import { replay } from './replay.ts';

export type Earlier = {
  readonly books: Books;
  readonly gatewayId: string;
  readonly logDirectory: string;
  readonly onProblem: (problem: StoreProblem) => void;
  readonly disk?: Disk;
};

/** This start's epoch. */
export async function settleEarlier(earlier: Earlier): Promise<Result<Gateway, StoreFailure>> {
  const { books, gatewayId, logDirectory, onProblem, disk = systemDisk } = earlier;
  const left = readLeftLog(logDirectory, gatewayId, disk);
  if (!left.ok) return err({ kind: 'log-unusable', message: left.error });
  const gateway = await books.enter(gatewayId, left.value.segments.at(-1)?.epoch);
  const replayed = await replay(books, gateway, left.value, onProblem, disk);
  if (!replayed.ok) return err({ kind: 'log-unusable', message: replayed.error });
  await books.endEarlier(gateway);
  return ok(gateway);
}
