// One batch of holds, extensions and settles as the parameters of ledger_apply(), and its reply as outcomes.

import { nano } from '../../domain/money/nano.ts';
import type { Hold } from '../../domain/ledger/hold.ts';
import { revenueAccount } from '../../domain/ledger/revenue-account.ts';
import type { Settlement } from '../../domain/ledger/settlement.ts';
import type { HoldOutcome, HoldRequest, Refused, SettleOutcome } from '../../ports/ledger.ts';
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
export type BatchReply = readonly [
  available: string | null,
  granted: string | null,
  lacked: string | null,
];

/** As text, because `pg` would take the arrays apart with a general parser. */
export const APPLY_SQL =
  'SELECT available::text, granted::text, lacked::text FROM ledger_apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)';

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
  /** By id, in its order. */
  readonly #accounts: ReadonlyMap<string, AccountChange>;
  /** The positions of the accounts of each hold, one after the other. */
  readonly #places: number[] = [];

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
      arrayText([...this.#accounts].map(([accountId, a]) => accountText(accountId, a))),
      arrayText(revenues),
      `${overrun}`,
      arrayText(batch.settles.map(settleText)),
      `${openHolds}`,
      arrayText(batch.holds.map((wish) => this.#holdText(wish))),
      arrayText(this.#places.map(String)),
      `${extensions}`,
    ];
  }

  outcome([available, granted, lacked]: BatchReply): BatchOutcome {
    const free = bigints(available);
    const grants = granted === null ? undefined : bigints(granted);
    const lacking = bigints(lacked);
    const ids = [...this.#accounts.keys()];
    return {
      holds: this.#batch.holds.map((wish, at) => {
        const amount = grants?.[at] ?? wish.request.wantNano;
        if (amount >= 0n) {
          return { kind: 'held', hold: holdOf(wish.request, (wish.had ?? 0n) + amount) };
        }
        const id = ids[Number(lacking[at] ?? 0n) - 1] ?? `credits:${wish.request.organisationId}`;
        return refusedFor(id, this.#free(free, id));
      }),
      settles: this.#batch.settles.map(({ settlement, charged }) => ({
        kind: 'settled',
        chargedNano: nano(charged),
        availableNano: nano(this.#free(free, `credits:${settlement.organisationId}`)),
      })),
    };
  }

  #free(available: readonly bigint[], accountId: string): bigint {
    const free = available[(this.#accounts.get(accountId)?.position ?? 0) - 1] ?? 0n;
    return free > 0n ? free : 0n;
  }

  #holdText({ request, uuid, had }: HoldWish): string {
    const first = this.#places.length + 1;
    for (const accountId of accountsOf(request)) {
      this.#places.push(this.#accounts.get(accountId)?.position ?? 0);
    }
    const budgets = request.budgets === undefined ? '' : field(request.budgets.join(' '));
    return `"(${uuid},${request.wantNano},${request.leastNano},${had ?? -1n},${first},${this.#places.length},${field(request.organisationId)},${budgets})"`;
  }
}

/** By the account that lacked. */
export function refusedFor(accountId: string, availableNano: bigint): Refused {
  const refused = { kind: 'refused', availableNano: nano(availableNano) } as const;
  return accountId.startsWith('credits:') ? refused : { ...refused, lacking: accountId };
}

/** Who a request is paid by, and what limits it. */
export type Payer = { readonly organisationId: string; readonly budgets?: readonly string[] };

export function accountsOf({ organisationId, budgets }: Payer): readonly string[] {
  const credits = `credits:${organisationId}`;
  return budgets === undefined ? [credits] : [credits, ...budgets];
}

export function holdOf(
  { requestId, organisationId, budgets }: HoldRequest,
  amountNano: bigint,
): Hold {
  const hold = { requestId, organisationId, amountNano };
  return budgets === undefined ? hold : { ...hold, budgets };
}

/** In the order of ids, which is the order in which PostgreSQL locks the accounts. */
function accountChanges(batch: Batch): ReadonlyMap<string, AccountChange> {
  const changes = new Map<string, AccountChange>();
  const changeOf = (accountId: string): AccountChange => {
    let change = changes.get(accountId);
    if (change === undefined) {
      change = { charged: 0n, released: 0n, want: 0n, position: 0 };
      changes.set(accountId, change);
    }
    return change;
  };
  for (const { settlement, held, charged } of batch.settles) {
    for (const accountId of accountsOf(settlement)) {
      const change = changeOf(accountId);
      change.charged += charged;
      change.released += held ?? 0n;
    }
  }
  for (const { request } of batch.holds) {
    for (const accountId of accountsOf(request)) changeOf(accountId).want += request.wantNano;
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

function accountText(accountId: string, change: AccountChange): string {
  return `"(${field(accountId)},${change.charged},${change.released},${change.want})"`;
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
    `${wholeMs(s.durationMs)},${s.budgets === undefined ? '' : field(s.budgets.join(' '))},` +
    `${meterText(s.meter)})"`
  );
}

function meterText(meter: Settlement['meter']): string {
  if (meter === undefined) return ',,,,';
  const { engineInput, engineOutput, pieces, bytes, doubts } = meter;
  const said = doubts.length === 0 ? '' : field(doubts.join(' '));
  return `${engineInput ?? ''},${engineOutput ?? ''},${pieces},${bytes},${said}`;
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
  const { amountNano, ...of } = hold;
  const extra = nano(extraNano);
  const request = { ...of, wantNano: extra, leastNano: extra };
  return { request, uuid: uuidOf(hold.requestId), had: amountNano };
}
