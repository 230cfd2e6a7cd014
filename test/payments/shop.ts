// One scenario's world: an organisation, an account at Stripe, two gateways with a till each, and the line of webhooks
// between them. Processes die between any two steps of theirs, when the seed says so.

import { nano } from '../../server/src/domain/money/nano.ts';
import { webhookDoor, type WebhookDoor } from '../../server/src/http/payment-webhooks.fixture.ts';
import { ManualPayments } from '../../server/src/payments/manual/manual-payments.ts';
import { StripePayments } from '../../server/src/payments/stripe/stripe-payments.ts';
import { testRequestId, testSettlement } from '../../server/src/ports/ledger.contract.ts';
import type { Log } from '../../server/src/ports/log.ts';
import type { Bills } from '../../server/src/ports/till-book.ts';
import { PostgresPlans } from '../../server/src/store/postgres/plans/postgres-plans.ts';
import type { TillDeps } from '../../server/src/till/till-deps.ts';
import { Till } from '../../server/src/till/till.ts';
import { Chance } from '../simulation/chance.ts';
import type { Bench } from './bench.ts';
import { type Fault, LATE_MS } from './stripe-simulator.ts';
import { type Intent, StripeAccount } from './stripe-account.ts';
import { WebhookLine } from './webhook-line.ts';

const WEBHOOK_SECRET = 'whsec_of_the_tests';
const START_MS = Date.UTC(2030, 0, 1);
export const DAY_MS = 86_400_000;

/** A process that dies here does not run the next line. */
class Died extends Error {}

export type Shop = {
  readonly name: string;
  readonly chance: Chance;
  readonly account: StripeAccount;
  readonly organisationId: string;
  readonly line: WebhookLine;
  readonly tills: readonly [Till, Till];
  /** Where webhooks knock: at the first of the two. */
  door: WebhookDoor | undefined;
  /** Automatic charges whose credit was not there yet when the next one was made. */
  readonly overlaps: string[];
  readonly credited: Set<string>;
  readonly plans: PostgresPlans;
  /** Of what happens to plans and bills: in every fourth seed, and apart, so that the others are as they were without. */
  readonly billChance: Chance | undefined;
  /** Of automatic charges: the bill that each is for; auto-reload has none. */
  readonly bills: Map<string, string>;
  nowMs: number;
  /** Faults and deaths stop when it is over. */
  calm: boolean;
};

export async function openShop(bench: Bench, seed: number): Promise<Shop> {
  const chance = new Chance(seed);
  const name = `stripe-${seed}-${bench.stripe.requests}`;
  const organisationId = `org_${name}`;
  await bench.store.accounts.createOrganisation({ id: organisationId, name });
  const clock = { nowMs: START_MS + chance.whole(0, 60 * 24) * 3_600_000 };
  const account = new StripeAccount(name.replaceAll('-', ''), seed, () => shop.nowMs);
  const line = new WebhookLine(
    account,
    WEBHOOK_SECRET,
    chance.pick([0, 20, 60, 100]),
    (body, signature) => post(shop, body, signature),
  );
  const credited = new Set<string>();
  const deps = (): TillDeps => depsOf(bench, shop);
  const shop: Shop = {
    name,
    chance,
    account,
    organisationId,
    line,
    tills: [undefined, undefined].map(() => new Till(lazily(deps))) as never as [Till, Till], // two of two
    door: undefined,
    overlaps: [],
    credited,
    plans: new PostgresPlans(bench.pool, async () => new Date(shop.nowMs)),
    billChance: seed % 4 === 0 ? new Chance(-seed) : undefined,
    bills: new Map(),
    nowMs: clock.nowMs,
    calm: false,
  };
  watchReloads(shop);
  shop.door = await webhookDoor(shop.tills[0]);
  bench.stripe.add(keyOf(shop), {
    account,
    fault: (method) => (shop.calm ? 'none' : faultOf(chance, method)),
    deliverNow: () => line.deliverSome(chance),
  });
  return shop;
}

export async function closeShop(bench: Bench, shop: Shop): Promise<void> {
  bench.stripe.remove(keyOf(shop));
  await bench.store.tillBook.reloads.turnOff(shop.organisationId, 'closed', shop.nowMs);
  await stopBills(bench, shop);
  await bench.pool.query('UPDATE subscription SET ended = true WHERE organisation_id = $1', [
    shop.organisationId,
  ]);
  await shop.door?.[Symbol.asyncDispose]();
}

/** No card is charged for a bill by itself any more. */
export async function stopBills({ pool }: Bench, { organisationId }: Shop): Promise<void> {
  await pool.query('UPDATE bill SET next_at = NULL WHERE organisation_id = $1', [organisationId]);
}

/** Deaths of processes are expected here, and nothing else. */
export async function survive<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Died) return undefined;
    throw error;
  }
}

export async function post(shop: Shop, body: string, signature: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  const answer = await shop.door?.post(shop.name, body, headers);
  return answer?.status ?? 0;
}

/** Uses some of the credit, as requests do. */
export async function spend(
  bench: Bench,
  { organisationId }: Shop,
  amountNano: bigint,
): Promise<void> {
  if (amountNano <= 0n) return;
  // A refund may just have taken it.
  const asked = { wantNano: nano(amountNano), leastNano: nano(amountNano) };
  const held = await bench.store.ledger.hold({
    requestId: testRequestId(),
    organisationId,
    ...asked,
  });
  if (held.kind !== 'held') return;
  const { hold } = held;
  await bench.store.ledger.settle(hold, testSettlement(hold, hold.amountNano));
}

export async function balanceOf(bench: Bench, { organisationId }: Shop): Promise<bigint> {
  const balance = await bench.store.accounts.balance(organisationId);
  return balance?.availableNano ?? nano(0n);
}

function keyOf({ name }: Shop): string {
  return `sk_test_${name}`;
}

function depsOf(bench: Bench, shop: Shop): TillDeps {
  const { store, stripe } = bench;
  const options = { secretKey: keyOf(shop), webhookSecret: WEBHOOK_SECRET, name: shop.name };
  const returnUrl = 'https://example.invalid/credits';
  const patient = new StripePayments({ ...options, returnUrl, at: stripe.at });
  const hasty = new StripePayments({
    ...options,
    returnUrl,
    at: stripe.at,
    timeoutMs: LATE_MS / 2,
  });
  // When it is calm nothing is late but this machine.
  const cards = new Proxy(patient, {
    get: (_, name) => {
      const of = shop.calm ? patient : hasty;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
  const wires = new ManualPayments(store.tillBook.bank, () => shop.nowMs);
  const { accounts } = store;
  const book = store.tillBook;
  return {
    book: {
      ...book,
      topUps: mortal(shop, book.topUps),
      methods: mortal(shop, book.methods),
      reloads: mortal(shop, book.reloads),
      bills: mortalBills(shop, book.bills),
      reversals: mortal(shop, book.reversals),
      events: mortal(shop, book.events),
    },
    accounts: mortal(shop, {
      addCredits: async (...of: Parameters<typeof accounts.addCredits>) => {
        shop.credited.add(of[0].id);
        return accounts.addCredits(...of);
      },
      reverseCredits: (...of: Parameters<typeof accounts.reverseCredits>) =>
        accounts.reverseCredits(...of),
    }),
    providers: new Map<string, StripePayments | ManualPayments>([
      [cards.name, cards],
      [wires.name, wires],
    ]),
    cards,
    wires,
    bounds: { leastCents: 500, mostCents: 1_000_000 },
    log: SILENT,
    nowMs: () => shop.nowMs,
    newId: (prefix) => `${prefix}_${shop.account.id('auto')}`,
  };
}

function mortalBills(shop: Shop, bills: Bills): Bills {
  const { billChance } = shop;
  const ours = remembered(shop, bills);
  return billChance === undefined ? ours : mortal(shop, ours, billChance);
}

/** Which charge is for which bill, also where the process dies before it is told. */
function remembered(shop: Shop, bills: Bills): Bills {
  return {
    payable: (id) => bills.payable(id),
    due: (nowMs, count) => bills.due(nowMs, count),
    decline: (topUp, change) => bills.decline(topUp, change),
    async begin(id, topUp, ttlMs, nowMs) {
      const begun = await bills.begin(id, topUp, ttlMs, nowMs);
      if (begun !== undefined) shop.bills.set(begun.id, id);
      return begun;
    },
  };
}

/** Before or after any of its calls the process may die. */
function mortal<T extends object>(shop: Shop, of: T, chance: Chance = shop.chance): T {
  return new Proxy(of, {
    get(target, property, receiver) {
      const value: unknown = Reflect.get(target, property, target === receiver ? receiver : target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (!shop.calm && chance.happens(0.015)) throw new Died();
        const result: unknown = await value.apply(target, args);
        if (!shop.calm && chance.happens(0.015)) throw new Died();
        return result;
      };
    },
  });
}

function lazily(make: () => TillDeps): TillDeps {
  let deps: TillDeps | undefined;
  // Filled at the first look: what it is made of needs the shop around it.
  return new Proxy({} as TillDeps, {
    get: (_, property) => Reflect.get((deps ??= make()), property),
  });
}

function faultOf(chance: Chance, method: string): Fault {
  if (chance.happens(0.75)) return 'none';
  // Both cost the library's patience, in real time.
  if (chance.happens(0.02)) return 'cut-after';
  if (chance.happens(0.06)) return method === 'GET' ? 'late' : chance.pick(['late', 'slow']);
  if (method === 'GET') return chance.pick<Fault>(['fails-before', 'busy', 'torn-after']);
  return chance.pick<Fault>(['fails-before', 'fails-after', 'torn-after', 'webhook-first', 'busy']);
}

/** When a card is charged without its holder, no earlier such charge for the same may still be on its way to the credit. */
function watchReloads(shop: Shop): void {
  const { account } = shop;
  const make = account.newIntent.bind(account);
  account.newIntent = (wanted) => {
    const billOf = ({ metadata }: Pick<Intent, 'metadata'>) =>
      shop.bills.get(metadata['turnpike_top_up'] ?? '');
    const before = account.intents.filter(
      (intent) => intent.offSession && wanted.offSession && billOf(intent) === billOf(wanted),
    );
    for (const intent of before) {
      const isOver = intent.status === 'canceled' || intent.status === 'requires_payment_method';
      const isCredited = shop.credited.has(`${shop.name}:${intent.id}`);
      if (!isOver && !isCredited) shop.overlaps.push(`${intent.id} is ${intent.status}`);
    }
    return make(wanted);
  };
}

const SILENT: Log = {
  isLevelEnabled: () => false,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
