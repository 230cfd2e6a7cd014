// One batch of holds, extensions and settles as the parameters of ledger_apply(), and its reply as outcomes.

import { nano } from '../../domain/money/nano.ts';
import type { Hold } from '../../domain/ledger/hold.ts';
import { revenueAccount } from '../../domain/ledger/revenue-account.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import type { HoldOutcome, HoldRequest, SettleOutcome } from '../../ports/ledger.ts';
import { uuidOf } from './request-id.ts';

/** `had` is undefined for a new hold, else what the hold to extend stands at. */
export type HoldWish = {
  readonly request: HoldRequest;
  readonly uuid: string;
  readonly had?: bigint;
};

/** What becomes of a settlement's cost, and what the hold gives back. */
export type SettleSplit = {
  readonly settlement: Settlement;
  readonly uuid: string;
  /** What the hold stands at, undefined if it has vanished. */
  readonly held: bigint | undefined;
  readonly charged: bigint;
  readonly overrun: bigint;
};

export type Gateway = { readonly id: string; readonly epoch: bigint };

export type Batch = {
  readonly holds: readonly HoldWish[];
  readonly settles: readonly SettleSplit[];
};

export type BatchOutcome = {
  readonly holds: readonly HoldOutcome[];
  readonly settles: readonly SettleOutcome[];
};

/** A row of APPLY_SQL in array mode. */
export type BatchReply = readonly [available: string | null, granted: string | null];

/** As text, because `pg` would take the arrays apart with a general parser. */
export const APPLY_SQL =
  'SELECT available::text, granted::text FROM ledger_apply($1, $2, $3, $4, $5, $6, $7, $8, $9)';

type AccountChange = { charged: bigint; released: bigint; want: bigint; position: number };

/** The cost up to what is held is the customer's, the rest the house's; a failure costs nobody anything. */
export function splitCost(
  settlement: Settlement,
  payable: bigint,
): { charged: bigint; overrun: bigint } {
  if (settlement.outcome === 'failed') return { charged: 0n, overrun: 0n };
  const charged = settlement.costNano < payable ? settlement.costNano : payable;
  return { charged, overrun: settlement.costNano - charged };
}

export class EncodedBatch {
  readonly values: readonly string[];
  readonly #batch: Batch;
  readonly #accounts: ReadonlyMap<string, AccountChange>;

  constructor(gateway: Gateway, batch: Batch) {
    this.#batch = batch;
    this.#accounts = accountChanges(batch);
    const revenues = revenueChanges(batch.settles);
    let overrun = 0n;
    let openHolds = 0;
    for (const settle of batch.settles) {
      overrun += settle.overrun;
      if (settle.held !== undefined) openHolds += 1;
    }
    const extensions = batch.holds.filter(({ had }) => had !== undefined).length;
    this.values = [
      gateway.id,
      `${gateway.epoch}`,
      arrayText([...this.#accounts].map(([organisationId, a]) => accountText(organisationId, a))),
      arrayText(revenues),
      `${overrun}`,
      arrayText(batch.settles.map(settleText)),
      `${openHolds}`,
      arrayText(batch.holds.map((wish) => this.#holdText(wish))),
      `${extensions}`,
    ];
  }

  outcome([available, granted]: BatchReply): BatchOutcome {
    const free = bigints(available);
    const grants = granted === null ? undefined : bigints(granted);
    return {
      holds: this.#batch.holds.map((wish, at) =>
        holdOutcome(wish, grants?.[at], this.#free(free, wish.request.organisationId)),
      ),
      settles: this.#batch.settles.map(({ settlement, charged }) => ({
        kind: 'settled',
        chargedNano: nano(charged),
        availableNano: nano(this.#free(free, settlement.organisationId)),
      })),
    };
  }

  #free(available: readonly bigint[], organisationId: string): bigint {
    return available[(this.#accounts.get(organisationId)?.position ?? 0) - 1] ?? 0n;
  }

  #holdText({ request, uuid, had }: HoldWish): string {
    const account = this.#accounts.get(request.organisationId)?.position ?? 0;
    return `"(${uuid},${request.wantNano},${request.leastNano},${had ?? -1n},${account},${field(request.organisationId)})"`;
  }
}

function holdOutcome(wish: HoldWish, granted: bigint | undefined, free: bigint): HoldOutcome {
  const amount = granted ?? wish.request.wantNano;
  if (amount < 0n) return { kind: 'refused', availableNano: nano(free) };
  return { kind: 'held', hold: holdOf(wish.request, (wish.had ?? 0n) + amount) };
}

export function holdOf({ requestId, organisationId }: HoldRequest, amountNano: bigint): Hold {
  return { requestId, organisationId, amountNano };
}

/** In the order of ids, which is the order in which PostgreSQL locks the accounts. */
function accountChanges(batch: Batch): ReadonlyMap<string, AccountChange> {
  const changes = new Map<string, AccountChange>();
  const changeOf = (organisationId: string): AccountChange => {
    let change = changes.get(organisationId);
    if (change === undefined) {
      change = { charged: 0n, released: 0n, want: 0n, position: 0 };
      changes.set(organisationId, change);
    }
    return change;
  };
  for (const { settlement, held, charged } of batch.settles) {
    const change = changeOf(settlement.organisationId);
    change.charged += charged;
    change.released += held ?? 0n;
  }
  for (const { request } of batch.holds) {
    changeOf(request.organisationId).want += request.wantNano;
  }
  const ordered = changes.size < 2 ? changes : new Map([...changes].toSorted(byId));
  let position = 0;
  for (const change of ordered.values()) change.position = position += 1;
  return ordered;
}

export function revenueChanges(settles: readonly SettleSplit[]): string[] {
  const amounts = new Map<string, bigint>();
  for (const { settlement, charged, overrun } of settles) {
    const amount = charged + overrun;
    if (amount === 0n) continue;
    const account = revenueAccount(settlement);
    amounts.set(account, (amounts.get(account) ?? 0n) + amount);
  }
  return [...amounts].toSorted(byId).map(([account, amount]) => `"(${field(account)},${amount})"`);
}

/** By bytes, as PostgreSQL's "C" collation: any one order would do, if every writer kept to it. */
export function byId([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function accountText(organisationId: string, change: AccountChange): string {
  return `"(${field(`credits:${organisationId}`)},${change.charged},${change.released},${change.want})"`;
}

export function settleText({ settlement: s, uuid, held, charged, overrun }: SettleSplit): string {
  const u = s.usage;
  return (
    `"(${uuid},${held ?? -1n},${charged},${overrun},${field(s.organisationId)},${field(s.model)},` +
    `${s.costNano},${field(s.projectId)},${field(s.keyId)},${field(s.engine)},${field(s.protocol)},` +
    `${s.usageSource},${s.outcome},${s.priceVersion},` +
    `${u.input},${u.cacheRead},${u.cacheWrite5m},${u.cacheWrite1h},${u.output},${u.reasoning},` +
    `${s.tier},${s.endUser === undefined ? '' : field(s.endUser)},` +
    `${u.imageInput},${u.audioInput},${u.imageOutput},${u.audioOutput},${u.toolCalls},` +
    `${s.startedAtMs},${s.firstTokenAfterMs === undefined ? '' : wholeMs(s.firstTokenAfterMs)},` +
    `${wholeMs(s.durationMs)})"`
  );
}

/** A column of 4 bytes holds 24 days. */
const INT4_MAX = 2_147_483_647;

function wholeMs(ms: number): number {
  return Math.min(Math.max(Math.round(ms), 0), INT4_MAX);
}

const NEEDS_NO_QUOTES = /^[\w.:/@+-]+$/;

/** A text field of a composite value within an array: quoted for the one, then for the other. */
export function field(text: string): string {
  if (NEEDS_NO_QUOTES.test(text)) return text;
  const inRecord = `"${text.replace(/["\\]/g, '$&$&')}"`;
  return inRecord.replace(/["\\]/g, '\\$&');
}

export function arrayText(rows: readonly string[]): string {
  return `{${rows.join(',')}}`;
}

function bigints(text: string | null): bigint[] {
  if (text === null || text === '{}') return [];
  return text.slice(1, -1).split(',').map(BigInt);
}

export function wishToHold(request: HoldRequest): HoldWish {
  return { request, uuid: uuidOf(request.requestId) };
}

export function wishToExtend(hold: Hold, extraNano: bigint): HoldWish {
  const { requestId, organisationId, amountNano } = hold;
  const extra = nano(extraNano);
  const request = { requestId, organisationId, wantNano: extra, leastNano: extra };
  return { request, uuid: uuidOf(requestId), had: amountNano };
}
