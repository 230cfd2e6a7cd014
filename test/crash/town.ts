// Who is about while things crash: three organisations, with plenty of credit, next to none, and budgets near their limit;
// crowds that ask for them, plain and streaming; and an office that pays in, again and again under the same id until it is
// told that it has. It remembers what everybody was told: that is what the books are held against.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createdKey } from '@turnpike/contract/keys.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { mustOpen } from '../../server/src/store/postgres/database.fixture.ts';
import { socketOf } from '../e2e/books.ts';
import { crowd, type Seen, visit } from '../e2e/customers.ts';
import type { Turnpike } from '../e2e/turnpike.ts';

export const ORGANISATIONS = ['rich', 'poor', 'capped'] as const;
export type Organisation = (typeof ORGANISATIONS)[number];

const AT_ONCE: { readonly [organisation in Organisation]: number } = {
  rich: 12,
  poor: 6,
  capped: 6,
};
/** A server that is away answers at once, and a crowd that asks at once would only heat the machine. */
const AWAY_MS = 100;
const INSIST_MS = 180_000;

const DOLLAR = 1_000_000_000n;
const FIRST_CREDIT_NANO: { readonly [organisation in Organisation]: bigint } = {
  rich: 1_000n * DOLLAR,
  // Enough for one answer or two.
  poor: 500_000n,
  capped: 1_000n * DOLLAR,
};
const ALMS_NANO = 500_000n;
const ALMS_EVERY_MS = 40;
const WIRE_EVERY_MS = 150;
const WIRE_CENTS = 500n;
/** Of the budget that is always nearly used up: it begins with one raise. */
const RAISE_NANO = 4_000_000n;
const RAISE_EVERY_MS = 120;

export type Answered = Extract<Seen, { readonly kind: 'answered' }>;

export class Town {
  /** Since the judge last looked. */
  answered: Answered[] = [];
  /** Of all times, by how their visits ended. */
  readonly ends = new Map<Seen['kind'], number>();
  readonly paidInNano = new Map<Organisation, bigint>(
    ORGANISATIONS.map((id) => [id, FIRST_CREDIT_NANO[id]]),
  );
  payments = 0;
  limitNano = 0n;
  #keys = new Map<Organisation, string>();
  #stopping = new AbortController();
  #busy: Promise<unknown> = Promise.resolve();
  /** Where customers go: another one after each crash of the server. */
  turnpike: Turnpike;

  private constructor(turnpike: Turnpike) {
    this.turnpike = turnpike;
  }

  static async found(turnpike: Turnpike): Promise<Town> {
    const town = new Town(turnpike);
    await using store = await mustOpen(socketOf(turnpike.dataDirectory), { gatewayId: 'founder' });
    const { accounts } = store;
    for (const id of ORGANISATIONS) {
      await accounts.createOrganisation({ id, name: id });
      await accounts.createProject({ id: `${id}-project`, organisationId: id, name: 'only' });
      const amountNano = nano(FIRST_CREDIT_NANO[id]);
      const credit = { id: `first-of-${id}`, organisationId: id, amountNano };
      await accounts.addCredits({ ...credit, source: 'manual' });
      const made = await turnpike.manage('/keys', { organisation: id, name: 'crowd' });
      assert.equal(made.status, 200, `${id} has no key`);
      town.#keys.set(id, createdKey.parse(await made.json()).key);
    }
    await town.#raise();
    return town;
  }

  /** Opens the shops; the crowds come until `close`. */
  open(): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    const all: Promise<unknown>[] = ORGANISATIONS.map((organisation) =>
      crowd(AT_ONCE[organisation], () =>
        signal.aborted ? undefined : this.#oneVisit(organisation),
      ),
    );
    all.push(
      this.#again(ALMS_EVERY_MS, () => this.#giveAlms()),
      this.#again(WIRE_EVERY_MS, () => this.#wire()),
      this.#again(RAISE_EVERY_MS, () => this.#raise()),
    );
    this.#busy = Promise.all(all);
    this.#busy.catch(() => {}); // `close` tells
  }

  /** Nobody new comes in; when who is in has left, and every payment is through. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#busy;
  }

  /** One visit of somebody with money, that is not remembered. */
  async isAnswered(): Promise<boolean> {
    const body = askFor('rich', 2, false);
    return (await visit(this.turnpike, { key: this.#keyOf('rich'), body })).kind === 'answered';
  }

  async #oneVisit(organisation: Organisation): Promise<Seen> {
    const long = organisation === 'rich' && Math.random() < 0.1;
    const tokens = long ? 1_500 : Math.floor(Math.random() * 40);
    const body = askFor(organisation, tokens, long || Math.random() < 0.5);
    const leaves = Math.random() < 0.05;
    const seen = await visit(this.turnpike, {
      key: this.#keyOf(organisation),
      body,
      ...(leaves && { leaveAfterMs: Math.random() * 60 }),
    });
    if (seen.kind === 'answered') this.answered.push(seen);
    else await sleep(AWAY_MS);
    this.ends.set(seen.kind, (this.ends.get(seen.kind) ?? 0) + 1);
    return seen;
  }

  async #again(everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await work();
      await sleep(everyMs);
    }
  }

  async #giveAlms(): Promise<void> {
    const id = `alms-of-${(this.payments += 1)}`;
    const amount = `0.${`${ALMS_NANO}`.padStart(9, '0')}`;
    await this.#insist('/credits', { id, organisation: 'poor', amount });
    this.#paidIn('poor', ALMS_NANO);
  }

  async #wire(): Promise<void> {
    const id = `wire-of-${(this.payments += 1)}`;
    const amount = `${WIRE_CENTS / 100n}`;
    await this.#insist('/top-ups', { id, organisation: 'rich', amount, by: 'wire' });
    await this.#insist(`/top-ups/${id}/confirm`, { reference: `line ${id}`, amount });
    this.#paidIn('rich', (WIRE_CENTS * DOLLAR) / 100n);
  }

  async #raise(): Promise<void> {
    this.limitNano += RAISE_NANO;
    const digits = `${this.limitNano}`.padStart(10, '0');
    const hard_limit = `${digits.slice(0, -9)}.${digits.slice(-9)}`;
    const budget = { organisation: 'capped', scope: 'organisation', hard_limit };
    for (const period of ['total', 'monthly'])
      await this.#insist('/budgets', { ...budget, period });
  }

  #paidIn(organisation: Organisation, amountNano: bigint): void {
    this.paidInNano.set(organisation, (this.paidInNano.get(organisation) ?? 0n) + amountNano);
  }

  /** The same again until it is answered: whatever was done the first time must not be done twice. */
  async #insist(path: string, body: object): Promise<void> {
    const deadline = performance.now() + INSIST_MS;
    for (;;) {
      const response = await this.turnpike.manage(path, body).catch(() => undefined);
      if (response?.ok === true) {
        await response.arrayBuffer().catch(() => {}); // it has said yes
        return;
      }
      const text = (await response?.text().catch(() => '')) ?? 'away';
      assert.ok(performance.now() < deadline, `${path} ${JSON.stringify(body)}: ${text}`);
      assert.ok((response?.status ?? 503) >= 500, `${path} ${JSON.stringify(body)}: ${text}`);
      await sleep(AWAY_MS);
    }
  }

  #keyOf(organisation: Organisation): string {
    return this.#keys.get(organisation) ?? assert.fail(`${organisation} has no key`);
  }
}

function askFor(organisation: Organisation, tokens: number, stream: boolean) {
  const rate = tokens > 1_000 ? ' rate=3000' : Math.random() < 0.4 ? ' rate=300' : '';
  const content = `[[tokens=${tokens}${rate}]] go on`;
  const max_tokens = organisation === 'rich' ? 2_000 : 40;
  return { model: 'scripted', stream, max_tokens, messages: [{ role: 'user', content }] };
}
