// What the environment says about payments. Secrets come from it or from files that it names, and are shown nowhere: what
// is wrong with one is said without it.

import { type AmountBounds, readAmount } from '../domain/payments/amount.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { PAYMENT_CENTS_MAX, PAYMENT_CENTS_MIN } from '../limits.ts';
import { secretOf } from './secret-setting.ts';

export type PaymentSettings = {
  readonly bounds: AmountBounds;
  /** Absent: no cards are taken. */
  readonly stripe?: {
    readonly secretKey: string;
    readonly webhookSecret: string;
    readonly returnUrl: string;
    readonly at?: { readonly host: string; readonly port: number };
  };
};

type Environment = { readonly [name: string]: string | undefined };

export function readPaymentSettings(environment: Environment): Result<PaymentSettings, string> {
  const bounds = readBounds(environment['TURNPIKE_TOP_UP_DOLLARS']);
  if (!bounds.ok) return bounds;
  const key = secretOf(
    ['TURNPIKE_STRIPE_KEY', environment['TURNPIKE_STRIPE_KEY']],
    ['TURNPIKE_STRIPE_KEY_FILE', environment['TURNPIKE_STRIPE_KEY_FILE']],
  );
  if (!key.ok) return key;
  const webhook = secretOf(
    ['TURNPIKE_STRIPE_WEBHOOK_SECRET', environment['TURNPIKE_STRIPE_WEBHOOK_SECRET']],
    ['TURNPIKE_STRIPE_WEBHOOK_SECRET_FILE', environment['TURNPIKE_STRIPE_WEBHOOK_SECRET_FILE']],
  );
  if (!webhook.ok) return webhook;
  const at = readAddress(environment['TURNPIKE_STRIPE_URL']);
  if (!at.ok) return at;
  const returnUrl = environment['TURNPIKE_PAYMENT_RETURN_URL'];
  if (key.value === undefined) {
    if (webhook.value === undefined && returnUrl === undefined) return ok({ bounds: bounds.value });
    return err(
      'TURNPIKE_STRIPE_KEY is missing: Stripe needs the key, the webhook secret and the return address.',
    );
  }
  if (!/^[sr]k_(?:test|live)_/.test(key.value)) {
    return err(
      'TURNPIKE_STRIPE_KEY must be a secret or restricted key: it begins with sk_test_, sk_live_, rk_test_ or rk_live_.',
    );
  }
  // Without it anybody could send events; the library would refuse all of them, and no payment would be heard of.
  if (webhook.value === undefined || !/^whsec_\S+$/.test(webhook.value)) {
    return err(
      'TURNPIKE_STRIPE_WEBHOOK_SECRET must be the signing secret of the webhook endpoint: it begins with whsec_.',
    );
  }
  if (returnUrl === undefined || !URL.canParse(returnUrl)) {
    return err(
      'TURNPIKE_PAYMENT_RETURN_URL must be the address where a customer goes after paying.',
    );
  }
  const stripe = { secretKey: key.value, webhookSecret: webhook.value, returnUrl };
  return ok({ bounds: bounds.value, stripe: { ...stripe, ...(at.value && { at: at.value }) } });
}

/** `5-10000`. */
function readBounds(text: string | undefined): Result<AmountBounds, string> {
  const widest = { leastCents: 50, mostCents: 100_000_000 };
  if (text === undefined)
    return ok({ leastCents: PAYMENT_CENTS_MIN, mostCents: PAYMENT_CENTS_MAX });
  const [least, most] = text.split('-').map((amount) => readAmount(amount.trim(), 'usd', widest));
  if (least?.ok !== true || most?.ok !== true || least.value > most.value) {
    return err(
      `TURNPIKE_TOP_UP_DOLLARS must be two amounts from 0.50 to 1000000, such as 5-10000, not '${text}'.`,
    );
  }
  return ok({ leastCents: least.value, mostCents: most.value });
}

/** Keys go nowhere but to Stripe, or to a program on this machine that plays it. */
function readAddress(
  text: string | undefined,
): Result<{ readonly host: string; readonly port: number } | undefined, string> {
  if (text === undefined) return ok(undefined);
  const match = /^http:\/\/(?<host>127\.0\.0\.1|localhost):(?<port>\d{1,5})\/?$/.exec(text)?.groups;
  if (match?.['host'] === undefined) {
    return err(
      'TURNPIKE_STRIPE_URL must be an address of this machine, such as http://127.0.0.1:12111: it is for tests.',
    );
  }
  return ok({ host: match['host'], port: Number(match['port']) });
}
