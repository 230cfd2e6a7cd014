// One batch of settled records and lease changes as the parameters of ledger_apply_leased().

import { type Settlement } from '../../../domain/ledger/settlement.ts';
import type { SettleRecord } from '../../settlement-log/settle-record.ts';
import {
  arrayText,
  byId,
  field,
  type Gateway,
  revenueChanges,
  settleText,
  type SettleSplit,
} from '../ledger-batch.ts';
import { uuidOf } from '../request-id.ts';
import type { LeaseAnswer, Offer } from './lease.ts';

/** A record with its place in the log. */
export type Entry = SettleRecord & { readonly seq: number };

export type LeaseChange = {
  readonly accountId: string;
  /** What the lease stands at. */
  readonly hadNano: bigint;
  readonly chargedNano: bigint;
  /** What goes from the lease for it: less when the lease has vanished. */
  readonly releasedNano: bigint;
  readonly offer: Offer | undefined;
};

export type BatchWish = {
  readonly wantNano: bigint;
  readonly leastNano: bigint;
  /** Of the changes of its accounts, from 1. */
  readonly positions: readonly number[];
  /** The one that lacked when it was asked for before, and the recall that must be answered by then; else 0. */
  readonly lacked: number;
  readonly sinceNo: bigint;
};

export type LeasedBatch = {
  readonly leaseEpoch: bigint;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly records: readonly SettleRecord[];
  /** In the order of `byAccount`. */
  readonly changes: readonly LeaseChange[];
  /** In the order in which they came. */
  readonly wishes: readonly BatchWish[];
};

/** To a wish: what it was granted, or what lacked, and whether others may still give some back. */
export type BatchWishAnswer =
  | { readonly kind: 'granted'; readonly amountNano: bigint }
  | { readonly kind: 'refused'; readonly lacked: number }
  | { readonly kind: 'recalled'; readonly lacked: number; readonly sinceNo: bigint };

export type LeasedBatchAnswer = {
  /** By change; undefined for an account that does not exist. */
  readonly leases: readonly (LeaseAnswer | undefined)[];
  readonly wishes: readonly BatchWishAnswer[];
};

/** A row of APPLY_LEASED_SQL in array mode. */
export type LeasedReply = readonly [
  leased: string | null,
  available: string | null,
  scarce: string | null,
  granted: string | null,
  lacked: string | null,
  since: string | null,
  expires: string | null,
];

export const APPLY_LEASED_SQL = `
  SELECT leased::text, available::text, scarce::text, granted::text, lacked::text, since::text, expires::text
    FROM ledger_apply_leased($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;

export function leasedBatchValues(gateway: Gateway, batch: LeasedBatch): string[] {
  const splits = batch.records.map(splitOf);
  const overrun = splits.reduce((sum, split) => sum + split.overrun, 0n);
  let last = 0;
  const wishes = batch.wishes.map((wish) => {
    const first = last + 1;
    last += wish.positions.length;
    return `"(${wish.wantNano},${wish.leastNano},${first},${last},${wish.lacked},${wish.sinceNo})"`;
  });
  return [
    gateway.id,
    `${gateway.epoch}`,
    `${batch.leaseEpoch}`,
    `${batch.fromSeq}`,
    `${batch.toSeq}`,
    arrayText(batch.changes.map(changeText)),
    arrayText(wishes),
    arrayText(batch.wishes.flatMap(({ positions }) => positions.map(String))),
    arrayText(revenueChanges(splits)),
    `${overrun}`,
    arrayText(splits.map(settleText)),
  ];
}

export function leasedBatchAnswer(
  batch: LeasedBatch,
  [
    leasedText,
    availableText,
    scarceText,
    grantedText,
    lackedText,
    sinceText,
    expiresText,
  ]: LeasedReply,
): LeasedBatchAnswer {
  const leased = bigintsOrNulls(leasedText);
  const available = bigintsOrNulls(availableText);
  const scarce = scarceText?.slice(1, -1).split(',') ?? [];
  const expires = expiresText?.slice(1, -1).split(',') ?? [];
  const leases = batch.changes.map((_, at) => {
    const leasedNano = leased[at];
    const availableNano = available[at];
    if (leasedNano === undefined || availableNano === undefined) return undefined;
    const state = { leasedNano, availableNano, isRecalled: scarce[at] === 't' };
    const expiresInMs = Number(expires[at]); // NaN for NULL.
    return Number.isNaN(expiresInMs) ? state : { ...state, expiresInMs };
  });
  if (batch.wishes.length === 0) return { leases, wishes: [] };
  const granted = bigintsOrNulls(grantedText);
  const lacked = bigintsOrNulls(lackedText);
  const since = bigintsOrNulls(sinceText);
  const wishes = batch.wishes.map((_, at): BatchWishAnswer => {
    const amountNano = granted[at] ?? REFUSED;
    if (amountNano >= 0n) return { kind: 'granted', amountNano };
    const position = Number(lacked[at] ?? 0n);
    if (amountNano === REFUSED) return { kind: 'refused', lacked: position };
    return { kind: 'recalled', lacked: position, sinceNo: since[at] ?? 0n };
  });
  return { leases, wishes };
}

/** Instead of an amount; anything else below 0 is a recall. */
const REFUSED = -1n;

/** The order in which accounts are locked. */
export function byAccount(
  a: { readonly accountId: string },
  b: { readonly accountId: string },
): number {
  return byId([a.accountId, undefined], [b.accountId, undefined]);
}

function splitOf({ settlement, chargedNano }: SettleRecord): SettleSplit {
  return {
    settlement,
    uuid: uuidOf(settlement.requestId),
    held: undefined,
    charged: chargedNano,
    overrun: owed(settlement) - chargedNano,
  };
}

function owed({ outcome, costNano }: Settlement): bigint {
  return outcome === 'failed' ? 0n : costNano;
}

function changeText({ accountId, hadNano, chargedNano, releasedNano, offer }: LeaseChange): string {
  const { spareNano, isReturned, extraNano, recallNo } = offer ?? NO_OFFER;
  return `"(${field(accountId)},${hadNano},${chargedNano},${releasedNano},${spareNano},${isReturned ? 't' : 'f'},${extraNano},${recallNo})"`;
}

const NO_OFFER: Offer = { spareNano: 0n, isReturned: false, extraNano: 0n, recallNo: 0n };

/** `{1,NULL}` as numbers. */
function bigintsOrNulls(text: string | null): (bigint | undefined)[] {
  if (text === null || text === '{}') return [];
  return text
    .slice(1, -1)
    .split(',')
    .map((item) => (item === 'NULL' ? undefined : BigInt(item)));
}
