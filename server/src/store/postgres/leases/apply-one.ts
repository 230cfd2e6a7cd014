// One record at a time, for when things are not as they are remembered: whatever is there already is read first.

import { troubleOf } from '../ledger-session.ts';
import type { BooksSession } from './books.ts';
import type { Entry } from './leased-batch.ts';

/** Throws when nothing was committed and the same record may succeed in a moment. */
export async function applyOrSetAside(
  session: BooksSession,
  entry: Entry,
  epoch: bigint,
  tellRefused: (what: string, error: unknown) => void,
): Promise<void> {
  try {
    await applyOne(session, entry, epoch);
  } catch (error) {
    if (troubleOf(error) !== 'refused') throw error;
    tellRefused(`The settlement of ${entry.settlement.requestId}`, error);
    const reason = error instanceof Error ? error.message : String(error);
    await setAside(session, entry, epoch, reason);
  }
}

/**
 * One record, exactly once, however things stand: it may be recorded already, and its lease may have been ended by
 * another gateway that thought this one dead. Then it is charged from free credit as far as that goes.
 */
async function applyOne(session: BooksSession, entry: Entry, leaseEpoch: bigint): Promise<void> {
  await session.transaction(async () => {
    const { settlement, seq } = entry;
    const accountId = `credits:${settlement.organisationId}`;
    // The account's lock first, as everywhere.
    const free = (await session.lockFree(accountId)) ?? 0n;
    const leased = await session.lockLease(accountId, leaseEpoch);
    const isRecorded = await session.isRecorded(settlement.requestId);
    const releasedNano = leased < entry.chargedNano ? leased : entry.chargedNano;
    const rest = entry.chargedNano - releasedNano;
    const chargedNano = releasedNano + (rest < free ? rest : free);
    const change = { accountId, hadNano: leased, chargedNano, releasedNano, offer: undefined };
    await session.apply({
      leaseEpoch,
      fromSeq: seq - 1,
      toSeq: seq,
      records: isRecorded ? [] : [{ settlement, chargedNano }],
      changes: !isRecorded && chargedNano > 0n ? [change] : [],
      wishes: [],
    });
  });
}

/** For a person to look at; the log goes on behind it. */
async function setAside(
  session: BooksSession,
  entry: Entry,
  leaseEpoch: bigint,
  reason: string,
): Promise<void> {
  await session.transaction(async () => {
    await session.keepRefused(entry, leaseEpoch, reason);
    const { seq } = entry;
    const nothing = { records: [], changes: [], wishes: [] };
    await session.apply({ leaseEpoch, fromSeq: seq - 1, toSeq: seq, ...nothing });
  });
}
