// Alerts under test: two servers on one real PostgreSQL, receivers on real sockets, and a new customer for each test.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { smtpMail } from '../couriers/mail/smtp-mail.ts';
import { PinnedWebhook } from '../couriers/webhook/pinned-webhook.ts';
import { secretOf } from '../domain/alerts/signature.ts';
import { windowIdOf } from '../domain/ledger/budget.ts';
import { nano } from '../domain/money/nano.ts';
import { newId, newRequestId } from '../lib/ids.ts';
import { manualCredits, newCustomer } from '../ports/accounts.contract.ts';
import type { MailCourier } from '../ports/alerts.ts';
import { testSettlement } from '../ports/ledger.contract.ts';
import { mustOpen, poolTo, startTestPostgres } from '../store/postgres/database.fixture.ts';
import type { Store } from '../store/postgres/store.ts';
import { Alerting, type AlertingOptions } from './alerting.ts';
import { type HookReceiver, MailReceiver } from './receivers.fixture.ts';

export const DOLLAR = 1_000_000_000n;
/** Longer than it takes to deliver what there is. */
const QUIET_MS = 150;

type Parts = {
  readonly scope: AsyncDisposableStack;
  readonly store: Store;
  readonly second: Store;
  readonly pool: Pool;
  readonly mails: MailReceiver;
  readonly smtp: MailCourier;
};

export class AlertsUnderTest implements AsyncDisposable {
  readonly #parts: Parts;
  readonly store: Store;
  readonly second: Store;
  readonly pool: Pool;
  readonly mails: MailReceiver;
  organisationId = '';

  private constructor(parts: Parts) {
    this.#parts = parts;
    ({ store: this.store, second: this.second, pool: this.pool, mails: this.mails } = parts);
  }

  static async start(): Promise<AlertsUnderTest> {
    const scope = new AsyncDisposableStack();
    const database = await scope.use(await startTestPostgres()).newDatabase();
    const store = scope.use(await mustOpen(database));
    const second = scope.use(await mustOpen(database, { gatewayId: 'gateway-second' }));
    const pool = scope.use(poolTo(database));
    const mails = scope.use(await MailReceiver.start());
    const smtp = scope.use(await smtpMail(mails.url, 'turnpike@example.com'));
    return new AlertsUnderTest({ scope, store, second, pool, mails, smtp });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.scope.disposeAsync();
  }

  /** With $100.00. */
  async newCustomer(): Promise<void> {
    this.mails.letters.length = 0;
    const { organisation } = await newCustomer(this.store.accounts);
    this.organisationId = organisation.id;
    await this.store.accounts.addCredits(manualCredits(organisation.id, 100n * DOLLAR));
  }

  alerting(options: Partial<AlertingOptions> = {}): Alerting {
    const silent = (): void => {};
    return new Alerting({
      alerts: this.store.alerts,
      mail: this.#parts.smtp,
      webhooks: new PinnedWebhook(true),
      operatorMail: 'operator@example.com',
      log: { isLevelEnabled: () => true, debug: silent, info: silent, warn: silent, error: silent },
      nowMs: Date.now,
      chance: () => 0.5,
      everyMs: 20,
      retryAfterMs: (tries) => (tries < 5 ? 10 : undefined),
      ...options,
    });
  }

  async spend(amount: bigint, budgets: readonly string[] = []): Promise<void> {
    const { organisationId, store } = this;
    const request = { requestId: newRequestId(Date.now()), organisationId, budgets };
    const wanted = { ...request, wantNano: nano(amount), leastNano: nano(amount) };
    const held = await store.ledger.hold(wanted);
    assert.ok(held.kind === 'held', held.kind);
    await store.ledger.settle(held.hold, testSettlement(held.hold, amount));
  }

  /** Its window. */
  async budget(hardLimitNano: bigint, alertNano: bigint): Promise<string> {
    const { organisationId } = this;
    const of = { organisationId, scope: 'organisation', subject: organisationId } as const;
    const wanted = { ...of, id: newId('bud'), period: 'total', hardLimitNano, alertNano } as const;
    const id = await this.store.accounts.budgets.set(wanted);
    assert.ok(id !== undefined);
    return windowIdOf({ id, period: 'total' }, Date.now());
  }

  async hears(hooks: HookReceiver): Promise<{ readonly id: string; readonly secret: string }> {
    const secret = newSecret();
    const id = newId('wh');
    const { organisationId } = this;
    await this.store.alerts.addEndpoint({ id, organisationId, url: hooks.url, secret });
    return { id, secret };
  }

  async mailTo(address: string): Promise<void> {
    const { organisationId } = this;
    await this.store.alerts.addRecipient({ id: newId('rcp'), organisationId, address });
  }

  /** Its balance is below that: somebody is told of it. */
  async makeLow(): Promise<void> {
    await this.store.alerts.setLowBalance(this.organisationId, 1_000n * DOLLAR);
  }

  /** The newest delivery to it. */
  async deliveryTo(target: string) {
    const { store, organisationId } = this;
    const events = await store.alerts.events({ organisationId, count: 50 });
    for (const { id } of events) {
      const event = await store.alerts.event(id);
      const delivery = event?.deliveries.find((one) => one.target === target);
      if (delivery !== undefined) return { event: id, ...delivery };
    }
    return undefined;
  }
}

export function newSecret(): string {
  return secretOf(crypto.getRandomValues(new Uint8Array(32)));
}

export async function quiet(): Promise<void> {
  await sleep(QUIET_MS);
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `waited too long until ${what}`);
    await sleep(10);
  }
}
