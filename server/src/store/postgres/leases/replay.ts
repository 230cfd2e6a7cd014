// At the start of a gateway: what its earlier lives settled and PostgreSQL does not have yet is applied, before anything
// that they held is given back.

import { err, ok, type Result } from '../../../lib/result.ts';
import { type Disk, systemDisk } from '../../settlement-log/disk.ts';
import { framesOf, type LeftLog, type LeftSegment } from '../../settlement-log/read-log.ts';
import { parseRecord } from '../../settlement-log/settle-record.ts';
import type { StoreProblem } from '../store-problem.ts';
import { accountsOf, type Gateway } from '../ledger-batch.ts';
import { troubleOf } from '../ledger-session.ts';
import { applyOrSetAside } from './apply-one.ts';
import type { Books, BooksSession } from './books.ts';
import { byAccount, type Entry, type LeaseChange } from './leased-batch.ts';

const BATCH_RECORDS_MAX = 1_024;

/** Removes the segments when everything in them is applied. The error is one sentence. */
export async function replay(
  books: Books,
  gateway: Gateway,
  left: LeftLog,
  onProblem: (problem: StoreProblem) => void,
  disk: Disk = systemDisk,
): Promise<Result<number, string>> {
  if (left.segments.length === 0) {
    remove(disk, left);
    return ok(0);
  }
  const opened = await books.open(gateway);
  if (!opened.ok) return err(opened.error.message);
  const session = opened.value;
  let count = 0;
  try {
    for (const segment of left.segments) {
      const applied = await replaySegment({ session, gateway, disk, onProblem }, segment);
      if (!applied.ok) return applied;
      count += applied.value;
    }
  } finally {
    await session.close();
  }
  remove(disk, left);
  return ok(count);
}

type Replay = {
  readonly session: BooksSession;
  readonly gateway: Gateway;
  readonly disk: Disk;
  readonly onProblem: (problem: StoreProblem) => void;
};

async function replaySegment(
  { session, gateway, disk, onProblem }: Replay,
  segment: LeftSegment,
): Promise<Result<number, string>> {
  const epoch = BigInt(segment.epoch);
  let { seq } = await session.applied(epoch);
  if (segment.firstSeq > seq + 1) {
    const sentence = `The database has the settlement log of start ${epoch} up to record ${seq}, but ${segment.path} begins at ${segment.firstSeq}: the database is older than the log; restore a newer one, or move the log away to go on without the charges between.`;
    return err(sentence);
  }
  const entries = framesOf(segment, gateway.id, disk)
    .filter((frame) => frame.seq > seq)
    .map((frame): Entry => ({ ...parseRecord(frame.payload), seq: frame.seq }));
  for (let at = 0; at < entries.length; at += BATCH_RECORDS_MAX) {
    const batch = entries.slice(at, at + BATCH_RECORDS_MAX);
    await replayBatch(session, epoch, batch, onProblem);
    seq += batch.length;
  }
  return ok(entries.length);
}

async function replayBatch(
  session: BooksSession,
  leaseEpoch: bigint,
  entries: readonly Entry[],
  onProblem: (problem: StoreProblem) => void,
): Promise<void> {
  const [first] = entries;
  if (first === undefined) return;
  const { leases } = await session.applied(leaseEpoch);
  const fromSeq = first.seq - 1;
  const toSeq = fromSeq + entries.length;
  try {
    const changes = changesOf(entries, leases);
    await session.apply({ leaseEpoch, fromSeq, toSeq, records: entries, changes, wishes: [] });
  } catch (error) {
    if (troubleOf(error) !== 'refused') throw error;
    for (const entry of entries) {
      await applyOrSetAside(session, entry, leaseEpoch, (what, why) => {
        const reason = why instanceof Error ? why.message : String(why);
        const sentence = `${what} was refused by PostgreSQL: ${reason}.`;
        onProblem({ kind: 'record-refused', sentence });
      });
    }
  }
}

function changesOf(
  entries: readonly Entry[],
  leases: ReadonlyMap<string, bigint>,
): readonly LeaseChange[] {
  const charged = new Map<string, bigint>();
  for (const { settlement, chargedNano } of entries) {
    if (chargedNano === 0n) continue;
    for (const accountId of accountsOf(settlement)) {
      charged.set(accountId, (charged.get(accountId) ?? 0n) + chargedNano);
    }
  }
  return [...charged]
    .map(([accountId, chargedNano]) => ({
      accountId,
      hadNano: leases.get(accountId) ?? 0n,
      chargedNano,
      releasedNano: chargedNano,
      offer: undefined,
    }))
    .toSorted(byAccount);
}

function remove(disk: Disk, { paths }: LeftLog): void {
  for (const path of paths) disk.remove(path);
}
