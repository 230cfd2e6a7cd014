// A month of requests that never were, settled through the ledger's own batches: holds, transfers, balances and usage rows are
// what a gateway would have written. The same seed makes the same month. A plain sum of everything is kept beside it.

import type { Pool } from 'pg';
import { NO_USAGE, type Usage } from '../../server/src/domain/generation/usage.ts';
import type { Outcome, Settlement } from '../../server/src/domain/ledger/settlement.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { costOf } from '../../server/src/domain/pricing/cost.ts';
import type { ModelPrice } from '../../server/src/domain/pricing/price-book.ts';
import type { ServiceTier } from '../../server/src/domain/pricing/service-tier.ts';
import { wholePrice } from '../../server/src/domain/pricing/whole-price.ts';
import type { Accounts } from '../../server/src/ports/accounts.ts';
import { beat, enterEpoch } from '../../server/src/store/postgres/gateway-epoch.ts';
import {
  APPLY_SQL,
  EncodedBatch,
  splitCost,
  type Gateway,
  type HoldWish,
  type SettleSplit,
} from '../../server/src/store/postgres/ledger-batch.ts';
import { uuidOf } from '../../server/src/store/postgres/request-id.ts';
import { Chance } from '../simulation/chance.ts';

export const MONTH_FROM_MS = Date.UTC(2026, 9, 1);
export const MONTH_TO_MS = Date.UTC(2026, 10, 1);
/** In the middle of the month prices change. */
const PRICES_CHANGE_MS = Date.UTC(2026, 9, 16);
const BATCH = 2_000;
const CREDIT_NANO = 1_000_000n * 1_000_000_000n;

export const ORGANISATIONS = ['org_large', 'org_middle', 'org_small'] as const;

type Sum = { requests: number; chargedNano: bigint; tokens: number };

export type Month = {
  readonly requests: number;
  /** By what tells sums apart, as text: an organisation, and an organisation with a model, a day, an end user. */
  readonly expected: ReadonlyMap<string, Sum>;
};

const price = (dollars: number): ModelPrice => {
  const at = (factor: number) => nano(BigInt(Math.round(dollars * factor * 1e9)));
  return wholePrice({ input: at(1), cacheRead: at(0.1), output: at(5) });
};

/** Prices that leave a fraction of a nano-dollar at nearly every request. */
const BOOKS = [
  new Map([
    ['large', price(3.000007)],
    ['middle', price(0.800003)],
    ['small', price(0.150001)],
    ['embedder', price(0.02)],
  ]),
  new Map([
    ['large', price(2.500003)],
    ['middle', price(0.800003)],
    ['small', price(0.120007)],
    ['embedder', price(0.02)],
  ]),
] as const;

const MODELS = ['small', 'small', 'small', 'middle', 'middle', 'large', 'embedder'] as const;
const TIERS = [
  'standard',
  'standard',
  'standard',
  'standard',
  'batch',
  'flex',
  'priority',
] as const;

export async function makeMonth(
  { accounts, pool }: { readonly accounts: Accounts; readonly pool: Pool },
  { requests, seed }: { readonly requests: number; readonly seed: number },
): Promise<Month> {
  const chance = new Chance(seed);
  const versions = await prepare(accounts);
  const gateway = await enterEpoch(pool, 'gateway-of-the-month');
  const expected = new Map<string, Sum>();
  let held: readonly Settlement[] = [];
  for (let made = 0; made < requests || held.length > 0; made += BATCH) {
    const wanted = Math.max(0, Math.min(BATCH, requests - made));
    const next = Array.from({ length: wanted }, (_, at) =>
      settlementOf(chance, (made + at) / requests, versions),
    );
    const settles = held.map((settlement) => splitOf(chance, settlement));
    for (const settle of settles) addUp(expected, settle);
    // Each batch settles what the one before it has held.
    await beat(pool, gateway); // who is silent for a minute loses its holds
    await apply(pool, gateway, { settles, holds: next.map(wishOf) });
    held = next;
  }
  return { requests, expected };
}

async function prepare(accounts: Accounts): Promise<readonly number[]> {
  for (const id of ORGANISATIONS) {
    await accounts.createOrganisation({ id, name: `The ${id} company` });
    for (const n of [1, 2, 3]) {
      await accounts.createProject({ id: `${id}_p${n}`, organisationId: id, name: `Project ${n}` });
    }
    await accounts.addCredits({
      id: `credit-of-${id}`,
      organisationId: id,
      amountNano: nano(CREDIT_NANO),
      source: 'payment',
    });
  }
  const versions: number[] = [];
  for (const book of BOOKS) versions.push(await accounts.publishPrices(book));
  return versions;
}

function settlementOf(chance: Chance, through: number, versions: readonly number[]): Settlement {
  const span = MONTH_TO_MS - MONTH_FROM_MS;
  const startedAtMs = Math.floor(MONTH_FROM_MS + through * span);
  const book = startedAtMs < PRICES_CHANGE_MS ? 0 : 1;
  // Most is one customer's, as it is everywhere.
  const organisationId = chance.happens(0.7) ? 'org_large' : chance.pick(ORGANISATIONS);
  const projectId = `${organisationId}_p${chance.whole(1, 3)}`;
  const model = chance.pick(MODELS);
  const usage = usageOf(chance, model);
  const outcome = outcomeOf(chance);
  const modelPrice = BOOKS[book].get(model);
  if (modelPrice === undefined) throw new Error(`${model} has no price`);
  return {
    requestId: requestIdOf(chance, startedAtMs),
    organisationId,
    projectId,
    keyId: `${projectId}_k${chance.whole(1, 4)}`,
    model,
    engine: 'synthetic',
    protocol: protocolOf(chance, model),
    usage,
    usageSource: 'engine',
    priceVersion: versions[book] ?? 0,
    tier: model === 'embedder' ? 'standard' : (chance.pick(TIERS) satisfies ServiceTier),
    // Some are heard of often.
    ...(chance.happens(0.6) && { endUser: `user-${Math.floor(chance.fraction() ** 3 * 400)}` }),
    costNano: costOf(usage, modelPrice),
    outcome,
    startedAtMs,
    firstTokenAfterMs: chance.whole(20, 900),
    durationMs: chance.whole(50, 30_000),
  };
}

function usageOf(chance: Chance, model: string): Usage {
  const input = chance.whole(1, 4_000);
  if (model === 'embedder') return { ...NO_USAGE, input };
  const cacheRead = chance.happens(0.4) ? chance.whole(0, 8_000) : 0;
  const cacheWrite5m = chance.happens(0.1) ? chance.whole(0, 2_000) : 0;
  const reasoning = chance.happens(0.2) ? chance.whole(0, 3_000) : 0;
  return { ...NO_USAGE, input, cacheRead, cacheWrite5m, output: chance.whole(0, 1_500), reasoning };
}

function outcomeOf(chance: Chance): Outcome {
  const luck = chance.fraction();
  if (luck < 0.01) return 'failed';
  if (luck < 0.03) return 'client-left';
  return luck < 0.035 ? 'credit-ended' : 'completed';
}

function protocolOf(chance: Chance, model: string): string {
  if (model === 'embedder') return 'openai-embeddings';
  return chance.pick(['openai-chat', 'openai-responses', 'anthropic-messages']);
}

function requestIdOf(chance: Chance, ms: number): string {
  const part = () => chance.whole(0, 0xffff_ffff).toString(16).padStart(8, '0');
  return `req_${ms.toString(16).padStart(12, '0')}7${part().slice(0, 3)}8${part().slice(0, 7)}${part()}`;
}

function wishOf({ requestId, organisationId, costNano }: Settlement): HoldWish {
  const want = nano(costNano + 1n);
  const request = { requestId, organisationId, wantNano: want, leastNano: want };
  return { request, uuid: uuidOf(requestId) };
}

/** Of one in five hundred, less was held than it came to. */
function splitOf(chance: Chance, settlement: Settlement): SettleSplit {
  const held = settlement.costNano + 1n;
  const payable = chance.happens(0.002) ? held / 2n : held;
  return {
    settlement,
    uuid: uuidOf(settlement.requestId),
    held,
    ...splitCost(settlement, payable),
  };
}

async function apply(
  pool: Pool,
  gateway: Gateway,
  batch: { readonly settles: readonly SettleSplit[]; readonly holds: readonly HoldWish[] },
): Promise<void> {
  const encoded = new EncodedBatch(gateway, batch);
  const { rows } = await pool.query<[string | null, string | null]>({
    text: APPLY_SQL,
    values: [...encoded.values],
    rowMode: 'array',
  });
  if (rows[0]?.[1] !== null) throw new Error('a hold of the month was refused');
}

function addUp(expected: Map<string, Sum>, { settlement, charged }: SettleSplit): void {
  const { organisationId, model, usage, startedAtMs, endUser, outcome } = settlement;
  if (outcome === 'failed') return;
  const tokens = Object.values(usage).reduce((sum, count) => sum + count, 0);
  const day = new Date(startedAtMs).toISOString().slice(0, 10);
  for (const key of [
    organisationId,
    `${organisationId} ${model}`,
    `${organisationId} ${day}`,
    `${organisationId} ${endUser ?? ''}`,
  ]) {
    const sum = expected.get(key) ?? { requests: 0, chargedNano: 0n, tokens: 0 };
    sum.requests += 1;
    sum.chargedNano += charged;
    sum.tokens += tokens;
    expected.set(key, sum);
  }
}
