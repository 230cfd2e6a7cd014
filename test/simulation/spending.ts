// Who holds and owes how much of which account, added up from what was promised to each request: no lease and no batch is
// looked at but to be judged. I4 of every account, I9 of every window of a budget.

import type { BooksModel } from './books-model.ts';
import { UNLIMITED } from './budgets-model.ts';
import type { Machine, Running } from './machine.ts';
import type { Asked } from './asked.ts';
import { STALE_MS } from './office.ts';

type Window = {
  readonly limit: bigint;
  /** When it was last lowered. */
  readonly loweredMs: number;
  /** Spent and leased, as the books had it at the last look. */
  readonly committed: bigint;
  /** Spent, and held or owed by requests. */
  readonly used: bigint;
};

/** Running gateways that may still charge: by what they owe and hold of each account. */
type InMemory = Map<string, bigint>;

export class Spending {
  readonly #model: BooksModel;
  readonly #asked: ReadonlyMap<string, Asked>;
  readonly #machines: () => readonly Machine[];
  readonly #wrong: (what: string) => void;
  readonly #windows = new Map<string, Window>();
  #inMemory = new Map<Running, InMemory>();
  #isStale = true;
  #isDue = true;
  nowMs: () => number = () => 0;

  constructor(
    model: BooksModel,
    asked: ReadonlyMap<string, Asked>,
    machines: () => readonly Machine[],
    wrong: (what: string) => void,
  ) {
    this.#model = model;
    this.#asked = asked;
    this.#machines = machines;
    this.#wrong = wrong;
  }

  /** Something was granted, settled or committed. */
  touch(): void {
    this.#isStale = true;
    this.#isDue = true;
  }

  look(isUndisturbed: boolean): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#addUp();
    for (const [running, inMemory] of this.#inMemory) this.#lookAtGateway(running, inMemory);
    if (this.#model.budgets.limits.size > 0) this.#lookAtWindows(isUndisturbed);
  }

  /** What of its lease its requests neither hold nor owe. */
  spareOf(running: Running, accountId: string): bigint {
    const key = keyOf(running, accountId);
    if (this.#model.everVoided.has(key)) return 0n;
    this.#addUp();
    const used = this.#inMemory.get(running)?.get(accountId) ?? 0n;
    return (this.#model.leases.get(key) ?? 0n) - used;
  }

  /** The same for somebody else, who can't have what moves: not from a gateway whose requests have just got more. */
  spareForOthers(running: Running, accountId: string): bigint {
    if (this.#model.granted.has(keyOf(running, accountId))) return 0n;
    return this.spareOf(running, accountId);
  }

  #addUp(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#inMemory = new Map();
    for (const { running } of this.#machines()) {
      if (running?.life.alive === true) this.#inMemory.set(running, new Map());
    }
    for (const { requestId, running, accounts, grantedNano, owedNano } of this.#asked.values()) {
      const inMemory = this.#inMemory.get(running);
      if (inMemory === undefined || grantedNano === 0n || this.#model.usage.has(requestId))
        continue;
      const amount = owedNano ?? grantedNano;
      for (const accountId of accounts)
        inMemory.set(accountId, (inMemory.get(accountId) ?? 0n) + amount);
    }
  }

  /** I4: what a gateway holds and owes is within its lease, in every account on the path or in none. */
  #lookAtGateway(running: Running, inMemory: InMemory): void {
    const { gateways, leases, everVoided, watermarks } = this.#model;
    const { gateway, ledger } = running;
    if (gateways.get(gateway.id)?.epoch !== gateway.epoch) return; // fenced
    const seq = watermarks.get(`${gateway.id}/${gateway.epoch}`) ?? 0;
    for (const [accountId, amount] of inMemory) {
      const key = keyOf(running, accountId);
      if (everVoided.has(key)) continue;
      const lease = leases.get(key) ?? 0n;
      if (amount > lease) this.#wrong(`I4 requests of ${key} hold and owe ${amount} of ${lease}`);
      if (!accountId.startsWith('credits:')) continue;
      const organisationId = accountId.slice(8);
      const own = ledger.heldNano(organisationId) + ledger.chargedAfter(organisationId, seq);
      if (own > lease) this.#wrong(`I4 ${key} holds and owes ${own} of a lease of ${lease}`);
    }
  }

  #lookAtWindows(isUndisturbed: boolean): void {
    const spent = this.#spent();
    for (const [id, limit] of this.#model.budgets.limits) {
      const { balance, held } = this.#model.accounts.get(id) ?? { balance: 0n, held: 0n };
      const committed = limit - balance + held;
      const earlier = this.#model.budgets.before.get(id) ?? 0n;
      const used = earlier + (spent.get(id) ?? 0n) + this.#usedInMemory(id);
      const nothing = { limit, loweredMs: -Infinity, committed: earlier, used: earlier };
      const before = this.#windows.get(id) ?? nothing;
      const loweredMs = limit < before.limit ? this.nowMs() : before.loweredMs;
      const now = { limit, loweredMs, committed, used };
      this.#windows.set(id, now);
      this.#judgeWindow(id, before, now, isUndisturbed);
    }
  }

  /** I9: nothing is set aside or used beyond a limit, other than what was when it was lowered. */
  #judgeWindow(id: string, before: Window, now: Window, isUndisturbed: boolean): void {
    const { limit, committed, used } = now;
    const most = before.limit < limit ? limit : before.limit;
    if (committed > most && committed > before.committed)
      this.#wrong(`I9 ${committed} of ${limit} are spent or set aside in ${id}`);
    // Others have given back by then what they had to spare of more.
    const isHeard = isUndisturbed && this.nowMs() > now.loweredMs + STALE_MS;
    if (isHeard && used > limit && used > before.used)
      this.#wrong(`I9 ${used} of ${limit} are spent or held in ${id}`);
  }

  #usedInMemory(accountId: string): bigint {
    let used = 0n;
    for (const [running, inMemory] of this.#inMemory) {
      if (this.#canCharge(running, accountId)) used += inMemory.get(accountId) ?? 0n;
    }
    return used;
  }

  #canCharge({ gateway }: Running, accountId: string): boolean {
    if (this.#model.gateways.get(gateway.id)?.epoch !== gateway.epoch) return false;
    return !this.#model.everVoided.has(`${gateway.id}/${gateway.epoch}/${accountId}`);
  }

  /** By what requests were admitted in. */
  #spent(): ReadonlyMap<string, bigint> {
    const spent = new Map<string, bigint>();
    for (const [requestId, { charged }] of this.#model.usage) {
      for (const id of this.#asked.get(requestId)?.accounts ?? []) {
        spent.set(id, (spent.get(id) ?? 0n) + charged);
      }
    }
    return spent;
  }

  /** When everything is over: each window has exactly what its requests were charged, and nothing is held. */
  judgeWindows(): void {
    const spent = this.#spent();
    for (const [id, limit] of this.#model.budgets.limits) {
      const { balance, held } = this.#model.accounts.get(id) ?? { balance: 0n, held: 0n };
      const expected = (this.#model.budgets.before.get(id) ?? 0n) + (spent.get(id) ?? 0n);
      if (limit - balance !== expected)
        this.#wrong(
          `I9 ${limit - balance} is spent in ${id}, its requests were charged ${expected}`,
        );
      if (held !== 0n) this.#wrong(`I8 ${held} is still held in ${id}`);
      if (limit > UNLIMITED) this.#wrong(`I9 ${id} has no limit that can be`);
    }
    for (const id of spent.keys()) {
      if (id.startsWith('budget:') && !this.#model.budgets.limits.has(id) && spent.get(id) !== 0n)
        this.#wrong(`I9 ${id} was never opened, and its requests were charged`);
    }
  }
}

function keyOf({ gateway }: Running, accountId: string): string {
  return `${gateway.id}/${gateway.epoch}/${accountId}`;
}
