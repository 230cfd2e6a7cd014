// The way of Stripe's events to us: signed, and then late, doubled, out of order, or never there at all. What we refuse
// or fail to take comes again, as Stripe does it.

import { createHmac } from 'node:crypto';
import type { Chance } from '../simulation/chance.ts';
import type { StripeAccount, StripeEvent } from './stripe-account.ts';
import { eventObject } from './stripe-shapes.ts';

export type Post = (body: string, signature: string) => Promise<number>;

export type Delivery = { readonly body: string; tries: number; readonly signedAtMs: number };

const TRIES_MAX = 4;

export function sign(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

export class WebhookLine {
  readonly #account: StripeAccount;
  readonly #secret: string;
  readonly #post: Post;
  /** How many of a hundred never leave. */
  readonly #lost: number;
  readonly #waiting: Delivery[] = [];
  readonly sent: Delivery[] = [];

  constructor(account: StripeAccount, secret: string, lost: number, post: Post) {
    this.#account = account;
    this.#secret = secret;
    this.#lost = lost;
    this.#post = post;
  }

  /** Some of what waits, in any order. */
  async deliverSome(chance: Chance): Promise<void> {
    this.#collect(chance);
    const count = chance.whole(0, this.#waiting.length);
    for (let n = 0; n < count; n++) await this.#deliver(chance);
  }

  async deliverAll(chance: Chance): Promise<void> {
    this.#collect(chance);
    while (this.#waiting.length > 0) await this.#deliver(chance);
  }

  /** Somebody sends again what they have recorded, with its old signature. */
  async replay(chance: Chance): Promise<number> {
    const [first, ...rest] = this.sent;
    if (first === undefined) return 0;
    const one = chance.pick([first, ...rest]);
    return this.#post(one.body, sign(this.#secret, one.body, one.signedAtMs));
  }

  #collect(chance: Chance): void {
    for (const event of this.#account.events.splice(0)) {
      if (chance.whole(1, 100) <= this.#lost) continue;
      const body = this.#bodyOf(event, chance);
      this.#waiting.push({ body, tries: 0, signedAtMs: 0 });
      if (chance.happens(0.2)) this.#waiting.push({ body, tries: 0, signedAtMs: 0 });
    }
  }

  async #deliver(chance: Chance): Promise<void> {
    const [next] = this.#waiting.splice(chance.whole(0, this.#waiting.length - 1), 1);
    if (next === undefined) return;
    const signedAtMs = this.#account.nowMs();
    const status = await this.#post(next.body, sign(this.#secret, next.body, signedAtMs));
    this.sent.push({ ...next, signedAtMs });
    if (status >= 400 && next.tries < TRIES_MAX)
      this.#waiting.push({ ...next, tries: next.tries + 1 });
  }

  /** As things stood when it was sent, not as they are now; and sometimes with a sum that nobody should believe. */
  #bodyOf(event: StripeEvent, chance: Chance): string {
    const object = { ...eventObject(event) };
    if (chance.happens(0.1))
      Object.assign(object, { amount: 99_999_999, amount_received: 99_999_999 });
    return JSON.stringify({
      id: this.#account.id('evt'),
      object: 'event',
      api_version: '2026-10-28.endive',
      type: event.type,
      livemode: false,
      created: this.#account.seconds(),
      data: { object },
    });
  }
}
