// What the operator and its customers decide while requests run: who may call, what it costs, how much may be spent. The
// books know of it at once; each gateway hears of it within a second, and what is scheduled takes effect by its own clock.

import {
  type Budget,
  BUDGET_SCOPES,
  type BudgetPeriod,
  windowIdOf,
  windowOf,
} from '../../server/src/domain/ledger/budget.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { PRICE_ITEMS, type ModelPrice } from '../../server/src/domain/pricing/price-book.ts';
import type { ServiceTier } from '../../server/src/domain/pricing/service-tier.ts';
import type { BooksServer } from './books-line.ts';
import type { Chance } from './chance.ts';
import type { CreditsModel } from './credits-model.ts';
import type { Life, World } from './world.ts';

/** No two buckets cost the same, and no product is round. */
const PRICE: ModelPrice = {
  input: nano(1_234_567_891n),
  cacheRead: nano(300_000_001n),
  cacheWrite5m: nano(1_500_000_003n),
  cacheWrite1h: nano(2_000_000_007n),
  imageInput: nano(1_333_333_337n),
  audioInput: nano(1_444_444_449n),
  output: nano(7_654_321_987n),
  reasoning: nano(7_111_111_113n),
  imageOutput: nano(7_222_222_223n),
  audioOutput: nano(7_333_333_331n),
  toolCalls: nano(0n),
  request: nano(1_234_500_000n),
};
const LIST = 'list';

/** A gateway knows of every change by then, if nothing keeps it from hearing. */
export const STALE_MS = 1_000;

export type Caller = {
  /** Which of all keys. */
  readonly number: number;
  readonly keyId: string;
  readonly projectId: string;
  readonly organisationId: string;
  readonly contributes: boolean;
  readonly revokedAtMs?: number;
  readonly frozen?: true;
  /** Its organisation has been frozen since, because it owes what was taken back. */
  readonly owesSinceMs?: number;
};

export type PriceVersion = {
  /** `list`, or the book of those with a contract. */
  readonly book: string;
  readonly version: number;
  readonly fromMs: number;
  readonly tiers: Readonly<Partial<Record<ServiceTier, ModelPrice>>> & {
    readonly standard: ModelPrice;
  };
};

/** Everything that a gateway has to know, as plain as it can be written down. */
export type Terms = {
  readonly version: number;
  readonly callers: readonly Caller[];
  readonly budgets: readonly Budget[];
  /** The newest last. */
  readonly prices: readonly PriceVersion[];
  /** From when on an organisation has a book of its own. */
  readonly contracts: readonly {
    readonly organisationId: string;
    readonly book: string;
    readonly fromMs: number;
  }[];
};

export const END_USERS = ['ann', 'ben'] as const;

export class Office {
  readonly #world: World;
  readonly chance: Chance;
  readonly #server: BooksServer;
  readonly #credits: CreditsModel;
  /** Nothing is ever changed. */
  readonly isQuiet: boolean;
  terms: Terms;
  #budgets = 0;
  #blocks = 0;
  #versions = 3;
  readonly #hearers: { readonly life: Life; hear(terms: Terms): void }[] = [];

  constructor(
    world: World,
    chance: Chance,
    { server, credits }: { readonly server: BooksServer; readonly credits: CreditsModel },
    organisations: readonly string[],
    isQuiet: boolean,
  ) {
    this.#world = world;
    this.chance = chance;
    this.#server = server;
    this.#credits = credits;
    this.isQuiet = isQuiet;
    const callers = organisations.flatMap((organisationId, at) =>
      (isQuiet ? [0] : [0, 1, 2]).map((key) => ({
        number: at * 3 + key,
        keyId: `key_${at}${key}`,
        // Ids of projects need not differ between organisations, nor names of end users.
        projectId: key === 2 ? 'proj_2' : 'proj_1',
        organisationId,
        contributes: key === 1,
      })),
    );
    const prices = [{ book: LIST, version: 3, fromMs: -Infinity, tiers: this.#tiers() }];
    this.terms = { version: 1, callers, budgets: [], prices, contracts: [] };
    if (isQuiet) return;
    for (let at = chance.whole(0, 6); at > 0; at--) this.#setBudget(organisations);
    if (chance.happens(0.3)) this.tighten(organisations);
    if (chance.happens(0.3)) this.#signContract(organisations);
  }

  hears(life: Life, hear: (terms: Terms) => void): void {
    this.#hearers.push({ life, hear });
  }

  /** One decision, whichever. */
  async decide(organisations: readonly string[]): Promise<void> {
    await this.#server.carryOut(() => {
      const chance = this.chance;
      const kind = chance.whole(0, 15);
      if (kind < 6) this.#setBudget(organisations);
      else if (kind < 9) this.#addCredits(organisations);
      else if (kind < 10) this.#takeBack(organisations);
      else if (kind < 12) this.#publish(LIST);
      else if (kind < 14) this.#signContract(organisations);
      else this.#stopKey();
    });
  }

  /** What all of a customer's requests share, and what is soon over. */
  tighten(organisations: readonly string[]): void {
    for (const subject of organisations) {
      const hardLimitNano = BigInt(this.chance.whole(500_000, 10_000_000));
      this.#set(subject, { scope: 'organisation', subject, period: 'total' }, { hardLimitNano });
    }
  }

  /** Set, raised, lowered below what is spent or held, removed, set where there was none. */
  #setBudget(organisations: readonly string[]): void {
    const chance = this.chance;
    const organisationId = this.#oneOf(organisations);
    const scope = chance.pick(BUDGET_SCOPES);
    const period = chance.pick<BudgetPeriod>(['daily', 'daily', 'weekly', 'monthly', 'total']);
    const own = this.terms.callers.filter((caller) => caller.organisationId === organisationId);
    const caller = own[chance.whole(0, own.length - 1)];
    const subject = {
      organisation: organisationId,
      project: caller?.projectId ?? '',
      key: caller?.keyId ?? '',
      'end-user': chance.pick(END_USERS),
      'each-end-user': caller?.projectId ?? '',
    }[scope];
    const most = chance.pick([3_000_000, 30_000_000, 300_000_000]);
    const limit = chance.happens(0.85)
      ? { hardLimitNano: BigInt(chance.whole(0, most)) }
      : { alertNano: 1_000n };
    const isRemoved = chance.happens(0.15);
    this.#set(organisationId, { scope, subject, period }, isRemoved ? {} : limit);
  }

  #set(
    organisationId: string,
    what: Pick<Budget, 'scope' | 'subject' | 'period'>,
    amounts: Pick<Budget, 'hardLimitNano' | 'alertNano'>,
  ): void {
    const id = `bud_${(this.#budgets += 1)}`;
    const { budgets } = this.#server.model;
    const budget = { id, organisationId, ...what, ...amounts };
    const { startsAtMs } = windowOf(budget.period, this.#world.wallMs);
    if (budgets.set(budget, this.#world.nowMs) === id && startsAtMs !== undefined) {
      budgets.begin(budget, windowIdOf(budget, this.#world.wallMs), startsAtMs);
    }
    const { scope, subject, period } = what;
    this.#world.tell(() => `budget of ${scope} ${subject}, ${period}: ${amounts.hardLimitNano}`);
    this.#change({ budgets: budgets.inForce });
  }

  /** Paid or given, for now or for later, for ever or for a while. */
  #addCredits(organisations: readonly string[]): void {
    const { chance } = this;
    const organisationId = this.#oneOf(organisations);
    const nowMs = this.#world.wallMs;
    const beginsMs = chance.happens(0.3) ? nowMs + chance.whole(1, 3_000) : undefined;
    const endsMs = chance.happens(0.6) ? (beginsMs ?? nowMs) + chance.whole(1, 5_000) : undefined;
    const priority = chance.pick([undefined, undefined, 0, 500]);
    this.#credits.add({
      id: `block_${(this.#blocks += 1)}`,
      organisationId,
      amountNano: nano(BigInt(chance.whole(1, chance.pick([2_000_000, 40_000_000])))),
      source: chance.pick(['manual', 'payment', 'promo', 'refund']),
      ...(priority !== undefined && { priority }),
      ...(beginsMs !== undefined && { effectiveAtMs: beginsMs }),
      ...(endsMs !== undefined && { expiresAtMs: endsMs }),
    });
    for (const atMs of [beginsMs, endsMs]) {
      if (atMs !== undefined) this.#world.after(atMs - nowMs, undefined, () => void this.look());
    }
    this.#world.tell(() => `credits for ${organisationId} from ${beginsMs} to ${endsMs}`);
    this.#freezeOrThaw(organisationId);
  }

  /** A card's owner has disputed it: more may be gone than is left. */
  #takeBack(organisations: readonly string[]): void {
    const organisationId = this.#oneOf(organisations);
    const blocks = this.#credits.blocksOf(organisationId);
    const blockId = blocks[this.chance.whole(0, blocks.length - 1)] ?? '';
    const amount = BigInt(this.chance.whole(1, this.chance.pick([100_000, 5_000_000])));
    this.#credits.reverse(organisationId, blockId, amount);
    this.#world.tell(() => `${amount} of ${blockId} is taken back from ${organisationId}`);
    this.#freezeOrThaw(organisationId);
  }

  /** What a server does every second, and when a block begins or ends. */
  async look(): Promise<void> {
    if (this.#server.isAway) return;
    await this.#server.carryOut(() => {
      for (const id of new Set(this.terms.callers.map(({ organisationId }) => organisationId))) {
        this.#credits.look(id);
      }
    });
  }

  #freezeOrThaw(organisationId: string): void {
    const isFrozen = this.#credits.isFrozen(organisationId);
    const { callers } = this.terms;
    const own = callers.find((caller) => caller.organisationId === organisationId);
    if (own === undefined || isFrozen === (own.owesSinceMs !== undefined)) return;
    this.#change({
      callers: callers.map((caller) => {
        if (caller.organisationId !== organisationId) return caller;
        const { owesSinceMs: _, ...rest } = caller;
        return isFrozen ? { ...rest, owesSinceMs: this.#world.nowMs } : rest;
      }),
    });
  }

  #oneOf(organisations: readonly string[]): string {
    return organisations[this.chance.whole(0, organisations.length - 1)] ?? '';
  }

  /** At once, or in a while. */
  #publish(book: string): void {
    const fromMs = this.#world.wallMs + this.chance.pick([0, 0, 300, 3_000, 30_000]);
    const version = (this.#versions += 1);
    this.#world.tell(() => `version ${version} of the book ${book}`);
    const prices = [...this.terms.prices, { book, version, fromMs, tiers: this.#tiers() }];
    this.#change({ prices: prices.toSorted((a, b) => a.fromMs - b.fromMs) });
  }

  #signContract(organisations: readonly string[]): void {
    const organisationId = this.#oneOf(organisations);
    const book = `contract of ${organisationId}`;
    // Now and then a contract begins before its book does: then nothing is sold.
    this.#publish(book);
    const fromMs = this.#world.wallMs + this.chance.pick([0, 300, 1_000]);
    const contracts = [...this.terms.contracts, { organisationId, book, fromMs }];
    this.#change({ contracts: contracts.toSorted((a, b) => a.fromMs - b.fromMs) });
  }

  #stopKey(): void {
    const { callers } = this.terms;
    const stopped = this.chance.whole(0, callers.length - 1);
    const isFrozen = this.chance.happens(0.5);
    const organisationId = callers[stopped]?.organisationId;
    const now = { revokedAtMs: this.#world.nowMs };
    this.#change({
      callers: callers.map((caller, at) => {
        if (!isFrozen) return at === stopped ? { ...caller, ...now } : caller;
        if (caller.organisationId !== organisationId) return caller;
        return { ...caller, ...now, frozen: true };
      }),
    });
  }

  /** No two versions cost the same in any tier. */
  #tiers(): PriceVersion['tiers'] {
    if (this.isQuiet) return { standard: PRICE };
    const chance = this.chance;
    const of = (least: number, most: number) => scaled(BigInt(chance.whole(least, most)));
    return {
      standard: of(700, 1_600),
      ...(chance.happens(0.7) && { priority: of(1_700, 2_600) }),
      ...(chance.happens(0.7) && { flex: of(300, 500) }),
      ...(chance.happens(0.7) && { contributor: of(510, 600) }),
    };
  }

  #change(what: Partial<Terms>): void {
    const { version } = this.terms;
    const terms = { ...this.terms, ...what, version: version + 1 };
    this.terms = terms;
    for (const { life, hear } of this.#hearers) {
      this.#world.after(this.chance.fraction() * STALE_MS, life, () => hear(terms));
    }
  }
}

function scaled(thousandths: bigint): ModelPrice {
  const items = PRICE_ITEMS.map((item) => [item, nano((PRICE[item] * thousandths) / 1_000n)]);
  return Object.fromEntries(items) as ModelPrice; // of every item
}
