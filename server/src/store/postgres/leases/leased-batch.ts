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
import type { Ask } from './lease.ts';

/** A record with its place in the log. */
export type Entry = SettleRecord & { readonly seq: number };

export type LeaseChange = {
  readonly organisationId: string;
  /** What the lease stands at. */
  readonly hadNano: bigint;
  readonly chargedNano: bigint;
  /** What goes from the lease for it: less when the lease has vanished. */
  readonly releasedNano: bigint;
  readonly ask: Ask | undefined;
};

export type LeasedBatch = {
  readonly leaseEpoch: bigint;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly records: readonly SettleRecord[];
  /** In the order of `byOrganisation`. */
  readonly changes: readonly LeaseChange[];
};

export const APPLY_LEASED_SQL =
  'SELECT leased::text, available::text FROM ledger_apply_leased($1, $2, $3, $4, $5, $6, $7, $8, $9)';

export function leasedBatchValues(gateway: Gateway, batch: LeasedBatch): string[] {
  const splits = batch.records.map(splitOf);
  const overrun = splits.reduce((sum, split) => sum + split.overrun, 0n);
  return [
    gateway.id,
    `${gateway.epoch}`,
    `${batch.leaseEpoch}`,
    `${batch.fromSeq}`,
    `${batch.toSeq}`,
    arrayText(batch.changes.map(changeText)),
    arrayText(revenueChanges(splits)),
    `${overrun}`,
    arrayText(splits.map(settleText)),
  ];
}

/** The order in which accounts are locked. */
export function byOrganisation(
  a: { readonly organisationId: string },
  b: { readonly organisationId: string },
): number {
  return byId([a.organisationId, undefined], [b.organisationId, undefined]);
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

function changeText(change: LeaseChange): string {
  const { hadNano, chargedNano, releasedNano, ask } = change;
  const organisation = field(change.organisationId);
  return `"(${organisation},${hadNano},${chargedNano},${releasedNano},${ask?.needNano ?? 0n},${ask?.extraNano ?? 0n})"`;
}

/** `{1,NULL}` as numbers. */
export function bigintsOrNulls(text: string | null): (bigint | undefined)[] {
  if (text === null || text === '{}') return [];
  return text
    .slice(1, -1)
    .split(',')
    .map((item) => (item === 'NULL' ? undefined : BigInt(item)));
}
