// One seed: customers, banks, webhooks and processes in any order, then calm, then the judgement.

import type { Bench } from './bench.ts';
import type { Chance } from '../simulation/chance.ts';
import { judge } from './judge.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import {
  balanceOf,
  closeShop,
  DAY_MS,
  openShop,
  post,
  type Shop,
  spend,
  stopBills,
  survive,
} from './shop.ts';
import type { CardMood } from './stripe-account.ts';
import { sign } from './webhook-line.ts';

const STEPS = 30;
const HOUR_MS = 3_600_000;

export type Outcome = { readonly violations: readonly string[]; readonly payments: number };

export async function runScenario(
  bench: Bench,
  seed: number,
  trace: (line: string) => void = () => {},
): Promise<Outcome> {
  const shop = await openShop(bench, seed);
  const violations: string[] = [];
  try {
    if (shop.billChance !== undefined || shop.chance.happens(0.6))
      await beginWithReload(bench, shop);
    for (let step = 0; step < STEPS; step++) {
      const [name, act] = shop.chance.pick(ACTS);
      trace(`${new Date(shop.nowMs).toISOString()} ${name}`);
      const wrong = await survive(() => act(bench, shop));
      if (typeof wrong === 'string') violations.push(`${name}: ${wrong}`);
    }
    await calmDown(bench, shop);
    violations.push(...(await judge(bench, shop)));
  } finally {
    await closeShop(bench, shop);
  }
  return { violations, payments: shop.account.intents.length };
}

/** A customer with a saved card and auto-reload: otherwise few seeds get that far. */
async function beginWithReload(bench: Bench, shop: Shop): Promise<void> {
  const { account, organisationId, tills } = shop;
  shop.calm = true;
  const wish = { id: account.id('first'), organisationId, amount: '20', currency: 'usd' };
  await tills[0].topUp({ ...wish, by: 'checkout', saveMethod: true });
  for (const session of account.sessions) account.pay(session, 'pays');
  await tills[0].sweep(0);
  await reload(bench, shop);
  if (shop.billChance !== undefined) await subscribe(shop, shop.billChance);
  shop.calm = false;
}

/** To a plan by the month, that the saved card pays for. */
async function subscribe(
  { plans, account, organisationId, name }: Shop,
  chance: Chance,
): Promise<void> {
  const planId = `plan-${name}`;
  await plans.putPlan({
    planId,
    name: 'Pro',
    currency: 'usd',
    priceMinor: BigInt(chance.pick([2_000, 4_900, 99])),
    creditsNano: nano(25_000_000_000n),
    rollover: 'none',
    whenUnpaid: chance.pick(['end', 'keep']),
  });
  await plans.subscribe({ id: account.id('sub'), organisationId, planId });
}

/** Nothing breaks any more, and no webhook comes either: what is left is found by looking. */
async function calmDown(bench: Bench, shop: Shop): Promise<void> {
  shop.calm = true;
  await bench.stripe.idle();
  const [till] = shop.tills;
  for (const stepMs of [HOUR_MS, HOUR_MS, DAY_MS, HOUR_MS, DAY_MS, 2 * DAY_MS]) {
    finishAll(shop);
    shop.nowMs += stepMs;
    for (let round = 0; round < 20 && (await till.collect()) > 0; round++);
    await till.sweep(0);
    await stopBills(bench, shop);
    await bench.store.tillBook.reloads.turnOff(shop.organisationId, 'the end', shop.nowMs);
  }
}

function finishAll({ account, chance }: Shop): void {
  for (const intent of account.intents) {
    if (intent.status !== 'processing') continue;
    if (chance.happens(0.7)) account.succeed(intent);
    else account.fail(intent, 'insufficient_funds');
  }
  for (const refund of account.refunds) {
    if (refund.status === 'pending') account.finishRefund(refund, chance.happens(0.3));
  }
  for (const dispute of account.disputes) {
    if (dispute.status === 'needs_response') account.decide(dispute, chance.pick(['won', 'lost']));
  }
}

/** A sentence where something is wrong at once. */
type Act = (bench: Bench, shop: Shop) => Promise<string | undefined | void>;

const MOODS: readonly [CardMood, ...CardMood[]] = [
  'pays',
  'pays',
  'pays',
  'pays',
  'pays',
  'pays',
  'card_declined',
  'insufficient_funds',
  'expired_card',
  'authentication_required',
  'processing',
];

async function topUp(_: Bench, shop: Shop): Promise<void> {
  const { chance, tills, organisationId, account } = shop;
  const wish = {
    id: account.id('wish'),
    organisationId,
    amount: `${chance.whole(5, 60)}.${chance.pick(['00', '50', '99'])}`,
    currency: 'usd',
    by: 'checkout',
    saveMethod: chance.happens(0.8),
  } as const;
  const till = chance.pick([tills[0], tills[1]]);
  await survive(() => till.topUp(wish));
  // The customer's own program asks again, as it may.
  if (chance.happens(0.4)) await till.topUp(wish);
}

/** Somebody pays a bill by hand, while the card may be charged for it. */
async function payBill(bench: Bench, shop: Shop): Promise<void> {
  const { account, organisationId, tills } = shop;
  const { rows } = await bench.pool.query<{ id: string }>(
    `SELECT id FROM bill WHERE organisation_id = $1 AND state IN ('open', 'given-up') ORDER BY created_at LIMIT 1`,
    [organisationId],
  );
  const pays = rows[0]?.id;
  if (pays === undefined) return;
  const wish = { id: account.id('bill'), organisationId, currency: 'usd', saveMethod: false, pays };
  await survive(() => tills[0].topUp({ ...wish, by: 'checkout' }));
}

async function pay(bench: Bench, shop: Shop): Promise<void> {
  if (shop.billChance?.happens(0.3)) return payBill(bench, shop);
  const { account, chance } = shop;
  const open = account.sessions.filter(({ status }) => status === 'open');
  const [first, ...rest] = open;
  if (first !== undefined) account.pay(chance.pick([first, ...rest]), chance.pick(MOODS));
}

/** What arrives is not what was asked for: by somebody's mistake, not by ours. */
async function tamper(_: Bench, shop: Shop): Promise<void> {
  const { account, chance } = shop;
  const open = account.sessions.find(
    ({ status, intent }) => status === 'open' && intent === undefined,
  );
  if (open === undefined || !account.pay(open, 'pays') || open.intent === undefined) return;
  const { intent } = open;
  const how = chance.pick(['amount', 'currency', 'order', 'organisation']);
  if (how === 'amount') intent.amountReceived -= 1;
  if (how === 'currency') intent.currency = 'jpy';
  if (how === 'order')
    intent.metadata = { ...intent.metadata, turnpike_top_up: 'of-somebody-else' };
  if (how === 'organisation') {
    intent.metadata = { ...intent.metadata, turnpike_organisation: 'org_other' };
  }
  intent.isTampered = true;
}

async function finish(_: Bench, { account, chance }: Shop): Promise<void> {
  const waiting = account.intents.find(({ status }) => status === 'processing');
  if (waiting === undefined) return;
  if (chance.happens(0.6)) account.succeed(waiting);
  else account.fail(waiting, 'card_declined');
}

async function use(bench: Bench, shop: Shop): Promise<void> {
  const free = await balanceOf(bench, shop);
  await spend(bench, shop, (free * BigInt(shop.chance.whole(30, 100))) / 100n);
}

async function webhooks(_: Bench, { line, chance }: Shop): Promise<void> {
  await line.deliverSome(chance);
}

async function collect(_: Bench, { tills, chance, plans, billChance }: Shop): Promise<void> {
  const both = chance.happens(0.5) ? tills : [tills[0]];
  if (billChance !== undefined) await plans.tendPlans();
  await Promise.all(both.map((till) => survive(() => till.collect())));
}

async function wait(_: Bench, shop: Shop): Promise<void> {
  const { chance } = shop;
  const upTo = chance.pick([5_000, 60_000, HOUR_MS, 2 * HOUR_MS, 26 * HOUR_MS, 15 * DAY_MS]);
  shop.nowMs += chance.whole(1, upTo);
}

async function reload(_: Bench, { tills, organisationId }: Shop): Promise<void> {
  const wish = { threshold: '10', target: '40', monthlyCap: '60' };
  await tills[0].setAutoReload(organisationId, wish);
}

async function mood(_: Bench, { account, chance }: Shop): Promise<void> {
  for (const card of account.cards) card.mood = chance.pick(MOODS);
}

async function payBack(_: Bench, shop: Shop): Promise<void> {
  const { account, chance, tills } = shop;
  const paid = account.intents.find((one) => one.status === 'succeeded' && !one.isTampered);
  const topUpId = paid?.metadata['turnpike_top_up'];
  if (paid === undefined || topUpId === undefined) return;
  const cents = chance.whole(1, paid.amount);
  if (chance.happens(0.4)) {
    account.refund(paid, cents, {}, chance.happens(0.3)); // by hand, at Stripe
    return;
  }
  const amount = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
  const order = { refundId: account.id('ours'), amount, currency: 'usd' };
  await survive(() => tills[0].refund(topUpId, order));
  if (chance.happens(0.5)) shop.nowMs += 25 * HOUR_MS; // the key is forgotten
  await tills[0].refund(topUpId, order);
}

async function disagree(_: Bench, { account, chance }: Shop): Promise<void> {
  const undecided = account.disputes.find(({ status }) => /needs/.test(status));
  if (undecided !== undefined) {
    account.decide(undecided, chance.pick(['won', 'lost', 'needs_response']));
    return;
  }
  const paid = account.intents.findLast((one) => one.status === 'succeeded' && !one.isTampered);
  if (paid !== undefined) account.dispute(paid, chance.happens(0.2));
}

async function sweep(_: Bench, { tills, nowMs }: Shop): Promise<void> {
  // A provider that gives no list is no reason to stop: the next sweep comes.
  await tills[1].sweep(nowMs - 7 * DAY_MS).catch((error: unknown) => {
    if (!(error instanceof Error) || !/gave no/.test(error.message)) throw error;
  });
}

async function replay(_: Bench, shop: Shop): Promise<string | undefined> {
  shop.nowMs += 400_000;
  const status = await shop.line.replay(shop.chance);
  return status === 0 || status === 400 ? undefined : `a replayed event was answered ${status}`;
}

/** Somebody who knows everything but the secret. */
async function forge(_: Bench, shop: Shop): Promise<string | undefined> {
  const session = shop.account.sessions.find(({ status }) => status === 'open');
  const object = { id: session?.id ?? 'cs_x', metadata: session?.metadata ?? {} };
  const event = {
    id: 'evt_x',
    object: 'event',
    livemode: false,
    type: 'checkout.session.completed',
  };
  const body = JSON.stringify({ ...event, data: { object } });
  const status = await post(shop, body, sign('whsec_guessed', body, shop.nowMs));
  return status === 400 ? undefined : `a forged event was answered ${status}`;
}

const ACTS: readonly [readonly [string, Act], ...(readonly [string, Act])[]] = [
  ['top up', topUp],
  ['top up', topUp],
  ['top up', topUp],
  ['pay', pay],
  ['pay', pay],
  ['pay', pay],
  ['pay', pay],
  ['pay', pay],
  ['tamper', tamper],
  ['finish', finish],
  ['use', use],
  ['use', use],
  ['webhooks', webhooks],
  ['webhooks', webhooks],
  ['collect', collect],
  ['collect', collect],
  ['collect', collect],
  ['collect', collect],
  ['wait', wait],
  ['wait', wait],
  ['auto-reload', reload],
  ['auto-reload', reload],
  ['mood', mood],
  ['refund', payBack],
  ['dispute', disagree],
  ['sweep', sweep],
  ['replay', replay],
  ['forge', forge],
];
