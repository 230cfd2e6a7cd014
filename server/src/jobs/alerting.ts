// Notices what somebody is to hear of, and brings it to them. Every server does both: what is noted twice is noted once, and
// a delivery belongs to whoever has claimed it.

import type { AlertEvent } from '../domain/alerts/alert-event.ts';
import { letterOf } from '../domain/alerts/letter.ts';
import { payloadOf } from '../domain/alerts/payload.ts';
import { retryAfterMs } from '../domain/alerts/retry.ts';
import { signedHeaders } from '../domain/alerts/signature.ts';
import {
  ALERT_CALENDAR_EVERY_MS,
  ALERT_CLAIM_MS,
  ALERT_DELIVERIES_MAX,
  ALERT_DELIVERIES_PER_TARGET_MAX,
  ALERT_LOOK_EVERY_MS,
  MAIL_TIMEOUT_MS,
  WEBHOOK_TIMEOUT_MS,
} from '../limits.ts';
import type {
  Alerts,
  Carried,
  ClaimedDelivery,
  DeliveryEnd,
  MailCourier,
  WebhookCourier,
} from '../ports/alerts.ts';
import type { Log } from '../ports/log.ts';

export type AlertingOptions = {
  readonly alerts: Alerts;
  readonly mail: MailCourier;
  readonly webhooks: WebhookCourier;
  /** Where mail goes that is the operator's, or nobody's. */
  readonly operatorMail: string;
  readonly log: Log;
  nowMs(): number;
  /** From 0 to 1. */
  chance(): number;
  /** Absent: every second. */
  readonly everyMs?: number;
  /** Absent: as `domain/alerts/retry.ts` says; tests have no day. */
  readonly retryAfterMs?: (tries: number, chance: number) => number | undefined;
  readonly webhookTimeoutMs?: number;
};

export class Alerting implements AsyncDisposable {
  readonly #options: AlertingOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #closing = new AbortController();
  /** What is on its way, and how much of it to whom. */
  readonly #running = new Map<Promise<void>, string>();
  #round: Promise<void> | undefined;
  #calendarAtMs = 0;
  /** Said once, and not every second of an outage. */
  #isStuck = false;

  /** Begins at once: what the last process has left may be waiting. */
  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#begin(), options.everyMs ?? ALERT_LOOK_EVERY_MS);
    this.#begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#round;
    await Promise.all(this.#running.keys());
  }

  #begin(): void {
    this.#round ??= this.#look().finally(() => (this.#round = undefined));
  }

  async #look(): Promise<void> {
    const { alerts, log, nowMs } = this.#options;
    try {
      const now = nowMs();
      const calendar = now - this.#calendarAtMs >= ALERT_CALENDAR_EVERY_MS;
      await alerts.look(calendar);
      if (calendar) this.#calendarAtMs = now;
      await this.#claim();
      this.#isStuck = false;
    } catch (error) {
      if (!this.#isStuck) log.error({ err: error }, 'alerts could not be looked at; trying on');
      this.#isStuck = true;
    }
  }

  async #claim(): Promise<void> {
    const count = ALERT_DELIVERIES_MAX - this.#running.size;
    if (count < 1 || this.#closing.signal.aborted) return;
    const claimed = await this.#options.alerts.claim({
      count,
      perTarget: ALERT_DELIVERIES_PER_TARGET_MAX,
      // One that is slow enough to be still under way has what it may have.
      busy: [...new Set(this.#running.values())],
      claimMs: ALERT_CLAIM_MS,
    });
    for (const delivery of claimed) {
      const run = this.#deliver(delivery).finally(() => this.#running.delete(run));
      this.#running.set(run, delivery.target);
    }
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    const { alerts, log } = this.#options;
    try {
      const carried = await this.#carry(delivery);
      const end = this.#endOf(delivery, carried);
      await alerts.end(delivery, end);
      if (end.kind !== 'failed') return;
      const { target, event } = delivery;
      log.warn({ target, event: event.id, failure: end.failure }, 'an alert was not delivered');
    } catch (error) {
      // Its claim runs out, and it is tried again.
      log.error({ err: error, event: delivery.event.id }, 'an alert could not be dealt with');
    }
  }

  #endOf({ attempts }: ClaimedDelivery, carried: Carried): DeliveryEnd {
    if (carried.ok) {
      const { status, detail } = carried;
      return {
        kind: 'delivered',
        ...(status !== undefined && { status }),
        ...(detail !== undefined && { detail }),
      };
    }
    const { failure } = carried;
    // We are leaving: somebody else may try at once.
    if (this.#closing.signal.aborted) return { kind: 'again', afterMs: 0, failure };
    if (failure.isFinal === true) return { kind: 'failed', failure };
    const retry = this.#options.retryAfterMs ?? retryAfterMs;
    const afterMs = retry(attempts, this.#options.chance());
    return afterMs === undefined
      ? { kind: 'failed', failure }
      : { kind: 'again', afterMs, failure };
  }

  #carry(delivery: ClaimedDelivery): Promise<Carried> {
    const { event, target, webhook, organisationName } = delivery;
    if (webhook !== undefined) return this.#post(event, webhook);
    const to = target.slice('mail:'.length) || this.#options.operatorMail;
    const letter = letterOf(event, organisationName);
    const messageId = `${event.id}.${to.replace('@', '.at.')}@turnpike`;
    const mail = { ...letter, to, messageId, atMs: event.occurredAtMs };
    return this.#options.mail.send(mail, this.#until(MAIL_TIMEOUT_MS));
  }

  #post(
    event: AlertEvent,
    { url, secrets }: NonNullable<ClaimedDelivery['webhook']>,
  ): Promise<Carried> {
    const body = payloadOf(event);
    const signed = signedHeaders({ id: event.id, body, atMs: this.#options.nowMs(), secrets });
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Turnpike-Webhooks/1',
      ...signed,
    };
    const timeoutMs = this.#options.webhookTimeoutMs ?? WEBHOOK_TIMEOUT_MS;
    return this.#options.webhooks.post(url, headers, body, this.#until(timeoutMs));
  }

  #until(ms: number): AbortSignal {
    return AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ms)]);
  }
}
