// Payments over Stripe, through its official library. The id of a top-up is the idempotency key of what is made for it,
// and stands in the metadata, so that it is found again when the answer was lost and the key has been forgotten.

import { Stripe } from 'stripe';
import type { Payment, PaymentMethod, PaymentReversal } from '../../domain/payments/payment.ts';
import { err, ok } from '../../lib/result.ts';
import type {
  Answered,
  Page,
  PaymentOrder,
  PaymentProvider,
  RefundOrder,
  WebhookCall,
} from '../../ports/payments.ts';
import { failureOf } from './stripe-failure.ts';
import {
  ORGANISATION_KEY,
  paymentOfIntent,
  paymentOfSession,
  REFUND_KEY,
  reversalOfDispute,
  reversalOfRefund,
  TOP_UP_KEY,
} from './stripe-objects.ts';
import { readStripeWebhook } from './stripe-webhook.ts';

export type StripeOptions = {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Where the customer's browser goes afterwards. */
  readonly returnUrl: string;
  /** In our rows and in the address of its webhook; another account needs another. Absent: `stripe`. */
  readonly name?: string;
  /** For tests: somewhere else than at Stripe. */
  readonly at?: { readonly host: string; readonly port: number };
  /** Absent: 20 s. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 20_000;
/** Stripe's largest. */
const PAGE_ITEMS = 100;
/** Of one payment; more disputes and refunds than this nobody makes. */
const REVERSALS_MAX = 100;
/** Clocks differ: what was made for a row is looked for from a while before the row. */
const CLOCK_SLACK_SECONDS = 600;
/** Nobody asks for a top-up to be made later than this. */
const MADE_WITHIN_SECONDS = 86_400 + CLOCK_SLACK_SECONDS;
/** 10,000 payments a day. */
const FIND_PAGES_MAX = 100;
const EXPAND_INTENT = ['payment_method'];
const EXPAND_SESSION = ['payment_intent', 'payment_intent.payment_method'];

export class StripePayments implements PaymentProvider {
  readonly name: string;
  readonly #stripe: Stripe;
  readonly #options: StripeOptions;

  constructor(options: StripeOptions) {
    this.#options = options;
    this.name = options.name ?? 'stripe';
    this.#stripe = new Stripe(options.secretKey, {
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      // Who asks again is the till, which first looks whether the first time has worked.
      maxNetworkRetries: 0,
      telemetry: false,
      ...(options.at !== undefined && { ...options.at, protocol: 'http' }),
    });
  }

  async open(order: PaymentOrder): Answered<Payment> {
    const { topUpId, amountCents, currency, expiresAtMs, saveMethod, customerId } = order;
    const metadata = metadataOf(order);
    return answer(async () => {
      const session = await this.#stripe.checkout.sessions.create(
        {
          mode: 'payment',
          client_reference_id: topUpId,
          metadata,
          line_items: [
            {
              quantity: 1,
              price_data: {
                currency,
                unit_amount: amountCents,
                product_data: { name: 'API credits' },
              },
            },
          ],
          payment_intent_data: {
            metadata,
            ...(saveMethod && { setup_future_usage: 'off_session' as const }),
          },
          ...(customerId === undefined
            ? { customer_creation: 'always' as const }
            : { customer: customerId }),
          expires_at: Math.floor(expiresAtMs / 1000),
          success_url: this.#options.returnUrl,
          cancel_url: this.#options.returnUrl,
          expand: EXPAND_SESSION,
        },
        { idempotencyKey: topUpId },
      );
      return paymentOfSession(session);
    });
  }

  async charge(order: PaymentOrder, method: PaymentMethod): Answered<Payment> {
    const { topUpId, amountCents, currency } = order;
    try {
      const intent = await this.#stripe.paymentIntents.create(
        {
          amount: amountCents,
          currency,
          customer: method.customerId,
          payment_method: method.id,
          off_session: true,
          confirm: true,
          metadata: metadataOf(order),
          expand: EXPAND_INTENT,
        },
        { idempotencyKey: topUpId },
      );
      return ok(paymentOfIntent(intent));
    } catch (error) {
      // A decline comes as an error that holds the payment intent: it was made, and is read like any other.
      const declined =
        error instanceof Stripe.errors.StripeCardError ? error.payment_intent : undefined;
      if (declined !== undefined) return ok(paymentOfIntent(declined));
      return err(failureOf(error));
    }
  }

  async read(objectId: string): Answered<Payment | undefined> {
    return answer(async () => {
      try {
        if (objectId.startsWith('cs_')) {
          const expand = { expand: EXPAND_SESSION };
          return paymentOfSession(await this.#stripe.checkout.sessions.retrieve(objectId, expand));
        }
        const expand = { expand: EXPAND_INTENT };
        return paymentOfIntent(await this.#stripe.paymentIntents.retrieve(objectId, expand));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** By listing, which shows at once what was made; Stripe's search lags behind. */
  async find(order: PaymentOrder): Answered<Payment | undefined> {
    const { topUpId, createdAtMs } = order;
    const seconds = Math.floor(createdAtMs / 1000);
    const created = { gte: seconds - CLOCK_SLACK_SECONDS, lte: seconds + MADE_WITHIN_SECONDS };
    const isIt = ({ metadata }: Marked): boolean => metadata?.[TOP_UP_KEY] === topUpId;
    const paging = { created, limit: PAGE_ITEMS };
    return answer(async () => {
      const session = await firstOf(
        (after) => this.#stripe.checkout.sessions.list({ ...paging, ...after }),
        isIt,
      );
      if (session !== undefined) return unwrap(await this.read(session.id));
      const intent = await firstOf(
        (after) => this.#stripe.paymentIntents.list({ ...paging, ...after }),
        isIt,
      );
      return intent === undefined ? undefined : unwrap(await this.read(intent.id));
    });
  }

  async cancel(objectId: string): Answered<Payment | undefined> {
    try {
      if (objectId.startsWith('cs_')) await this.#stripe.checkout.sessions.expire(objectId);
      else await this.#stripe.paymentIntents.cancel(objectId);
    } catch (error) {
      // Refused where it can't be cancelled any more: then it is what it has become.
      const failure = failureOf(error);
      if (failure.kind === 'unknown') return err(failure);
    }
    return this.read(objectId);
  }

  async refund({ refundId, paymentId, amountCents }: RefundOrder): Answered<PaymentReversal> {
    return answer(async () =>
      reversalOfRefund(
        await this.#stripe.refunds.create(
          { payment_intent: paymentId, amount: amountCents, metadata: { [REFUND_KEY]: refundId } },
          { idempotencyKey: `refund-${refundId}` },
        ),
      ),
    );
  }

  async reversals(paymentId: string): Answered<readonly PaymentReversal[]> {
    const of = { payment_intent: paymentId, limit: REVERSALS_MAX };
    return answer(async () => {
      const refunds = await this.#stripe.refunds.list(of);
      const disputes = await this.#stripe.disputes.list(of);
      return [...refunds.data.map(reversalOfRefund), ...disputes.data.map(reversalOfDispute)];
    });
  }

  readWebhook(call: WebhookCall) {
    const { secretKey, webhookSecret } = this.#options;
    return readStripeWebhook(this.#stripe, webhookSecret, isLiveKey(secretKey), call);
  }

  async payments(sinceMs: number, after?: string): Answered<Page<Payment>> {
    return answer(async () => {
      const list = await this.#stripe.paymentIntents.list({
        created: { gte: Math.floor(sinceMs / 1000) },
        limit: PAGE_ITEMS,
        ...(after !== undefined && { starting_after: after }),
      });
      const paid = list.data.filter(({ status }) => status === 'succeeded');
      return pageOf(
        list,
        paid.map((intent) => paymentOfIntent(intent)),
      );
    });
  }

  /** Refunds first, then disputes: the cursor says where. */
  async reversalsSince(sinceMs: number, after?: string): Answered<Page<PaymentReversal>> {
    const paging = { created: { gte: Math.floor(sinceMs / 1000) }, limit: PAGE_ITEMS };
    const [kind = 'refunds', id = ''] = after?.split(' ') ?? [];
    const from = { ...paging, ...(id !== '' && { starting_after: id }) };
    return answer(async () => {
      if (kind === 'refunds') {
        const list = await this.#stripe.refunds.list(from);
        const { items, next } = pageOf(list, list.data.map(reversalOfRefund));
        return { items, next: next === undefined ? 'disputes ' : `refunds ${next}` };
      }
      const list = await this.#stripe.disputes.list(from);
      const { items, next } = pageOf(list, list.data.map(reversalOfDispute));
      return { items, ...(next !== undefined && { next: `disputes ${next}` }) };
    });
  }
}

/** `sk_live_…` and restricted `rk_live_…`. */
function isLiveKey(key: string): boolean {
  return /^[a-z]+_live_/.test(key);
}

function metadataOf({ topUpId, organisationId }: PaymentOrder): Stripe.MetadataParam {
  return { [TOP_UP_KEY]: topUpId, [ORGANISATION_KEY]: organisationId };
}

async function answer<T>(work: () => Promise<T>): Answered<T> {
  try {
    return ok(await work());
  } catch (error) {
    return err(failureOf(error));
  }
}

/** Inside `answer`: what has failed there fails here. */
function unwrap<T>(read: Awaited<Answered<T>>): T {
  if (read.ok) return read.value;
  throw new Stripe.errors.StripeConnectionError({ type: 'api_error', message: read.error.detail });
}

type Listed<T> = { readonly data: readonly T[]; readonly has_more: boolean };

type Marked = { readonly id: string; readonly metadata: Stripe.Metadata | null };

async function firstOf<T extends Marked>(
  list: (after: { starting_after?: string }) => Promise<Listed<T>>,
  isIt: (item: Marked) => boolean,
): Promise<T | undefined> {
  let after: { starting_after?: string } = {};
  for (let page = 0; page < FIND_PAGES_MAX; page++) {
    const { data, has_more: more } = await list(after);
    const found = data.find(isIt);
    const last = data.at(-1);
    if (found !== undefined || !more || last === undefined) return found;
    after = { starting_after: last.id };
  }
  // "Not found" must be certain, and this is not.
  throw new Stripe.errors.StripeConnectionError({
    type: 'api_error',
    message: 'too many to look at',
  });
}

function pageOf<T>(list: Listed<{ readonly id: string }>, items: readonly T[]): Page<T> {
  const last = list.data.at(-1);
  return { items, ...(list.has_more && last !== undefined && { next: last.id }) };
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing'
  );
}
