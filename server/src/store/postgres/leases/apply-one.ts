// One record at a time, for when things are not as they are remembered: whatever is there already is read first.

import { troubleOf } from '../ledger-session.ts';
import type { BooksSession } from './books.ts';
import { accountsOf } from '../ledger-batch.ts';
import { byAccount, type Entry } from './leased-batch.ts';

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
 * another gateway that thought this one dead. Then it is charged from free credit as far as that goes,
 * and as far as every budget on its path allows.
 */
async function applyOne(session: BooksSession, entry: Entry, leaseEpoch: bigint): Promise<void> {
  await session.transaction(async () => {
    const { settlement, seq } = entry;
    const found: Found[] = [];
    for (const accountId of accountsOf(settlement).toSorted(byBytes)) {
      // The account's lock first, as everywhere. A budget's window that is not there yet is opened with the charge.
      const freeNano = (await session.lockFree(accountId)) ?? (isBudget(accountId) ? MAX : 0n);
      found.push({ accountId, freeNano, hadNano: await session.lockLease(accountId, leaseEpoch) });
    }
    const isRecorded = await session.isRecorded(settlement.requestId);
    const chargedNano = found.reduce(
      (least, { freeNano, hadNano }) => smaller(least, hadNano + larger(freeNano, 0n)),
      entry.chargedNano,
    );
    const changes = found.map(({ accountId, hadNano }) => {
      const releasedNano = smaller(hadNano, chargedNano);
      return { accountId, hadNano, chargedNano, releasedNano, offer: undefined };
    });
    await session.apply({
      leaseEpoch,
      fromSeq: seq - 1,
      toSeq: seq,
      records: isRecorded ? [] : [{ settlement, chargedNano }],
      changes: !isRecorded && chargedNano > 0n ? changes : [],
      wishes: [],
    });
  });
}

type Found = { readonly accountId: string; readonly freeNano: bigint; readonly hadNano: bigint };

const MAX = 2n ** 62n;
const isBudget = (accountId: string) => accountId.startsWith('budget:');
const smaller = (a: bigint, b: bigint) => (a < b ? a : b);
const larger = (a: bigint, b: bigint) => (a > b ? a : b);
const byBytes = (a: string, b: string) => byAccount({ accountId: a }, { accountId: b });

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
