// How the till's refusals are said: each has its code, and a sentence that says what to do.

import type { ManagementError } from '@turnpike/contract/errors.ts';

import { type AmountRefusal, dollarsOfCents } from '../domain/payments/amount.ts';
import type { SettingsRefusal } from '../domain/payments/auto-reload.ts';
import { unreachable } from '../lib/assert.ts';
import type { ReloadRefusal, TillRefusal } from '../till/till.ts';

type Refusal = TillRefusal | ReloadRefusal;
/** Those that are said in the same words each time. */
type Plain = Exclude<Refusal, { kind: Worded }>['kind'];
type Worded =
  | AmountRefusal['kind']
  | 'another-amount'
  | 'provider-refused'
  | 'provider-silent'
  | 'settings';

const PLAIN: { readonly [kind in Plain]: ManagementError } = {
  conflict: {
    code: 'conflict',
    message: 'This id was used before for something else: use a new one.',
    field: 'id',
  },
  'no-such-bill': {
    code: 'not-found',
    message:
      'There is no such bill of this organisation: it is due:<id> of GET /manage/v1/dues, or invoice:<id> of an invoice with an amount due.',
    field: 'pays',
  },
  'bill-paid': { code: 'conflict', message: 'This bill is paid already.', field: 'pays' },
  'bill-void': {
    code: 'conflict',
    message:
      'Nobody has to pay this any more: its cycle is over, its subscription has ended, or a later upgrade has replaced it.',
    field: 'pays',
  },
  'no-card-provider': {
    code: 'no-payment-provider',
    message:
      'This server takes no cards: its operator connects Stripe as docs/payments.md says, or pay by wire.',
  },
  'no-payment-method': {
    code: 'no-payment-method',
    message: 'No card is saved: pay a top-up by checkout with "saveCard" first.',
  },
  'no-such-top-up': {
    code: 'not-found',
    message: 'There is no top-up with this id. List the top-ups to see their ids.',
    field: 'id',
  },
  'not-a-wire': {
    code: 'conflict',
    message:
      'This top-up is not paid by wire: what its provider says counts, and nobody can confirm it by hand.',
    field: 'id',
  },
  'reference-used': {
    code: 'conflict',
    message:
      'This reference was confirmed for another top-up, or this top-up by another reference: look at the statement again.',
    field: 'reference',
  },
  'not-credited': {
    code: 'conflict',
    message: 'This top-up was not credited: there is nothing to pay back.',
    field: 'id',
  },
};

export function refusalOf(refusal: Refusal): ManagementError {
  switch (refusal.kind) {
    case 'wrong-currency':
    case 'no-amount':
    case 'fraction-of-a-cent':
    case 'too-little':
    case 'too-much':
      return amountRefusal(refusal);
    case 'another-amount':
      return {
        code: 'invalid-amount',
        message: `${dollarsOfCents(refusal.askedCents)} were asked for: correct the amount, or begin another top-up for what has arrived.`,
        field: 'amount',
      };
    case 'provider-refused':
      return {
        code: 'payment-provider-failed',
        message: `The payment provider refused: ${refusal.detail}.`,
      };
    case 'provider-silent':
      return {
        code: 'payment-provider-failed',
        message: `The payment provider gave no answer, and may have done it: send the same again (${refusal.detail}).`,
      };
    case 'settings':
      return { code: 'invalid-amount', message: SETTINGS[refusal.why] };
    default:
      return PLAIN[refusal.kind];
  }
}

function amountRefusal(refusal: AmountRefusal): ManagementError {
  const field = 'amount';
  switch (refusal.kind) {
    case 'wrong-currency':
      return {
        code: 'wrong-currency',
        message: `Payments are in usd, not in ${JSON.stringify(refusal.currency)}.`,
        field: 'currency',
      };
    case 'no-amount':
      return {
        code: 'invalid-amount',
        message: 'The amount must be dollars in digits, such as "25" or "12.50".',
        field,
      };
    case 'fraction-of-a-cent':
      return {
        code: 'invalid-amount',
        message: 'The amount must be in whole cents: at most two decimals.',
        field,
      };
    case 'too-little':
      return {
        code: 'invalid-amount',
        message: `The amount must be at least ${dollarsOfCents(refusal.leastCents)}.`,
        field,
      };
    case 'too-much':
      return {
        code: 'invalid-amount',
        message: `The amount must be at most ${dollarsOfCents(refusal.mostCents)}.`,
        field,
      };
    default:
      return unreachable(refusal);
  }
}

const SETTINGS: { readonly [why in SettingsRefusal]: string } = {
  'threshold-above-target': 'The target must be above the threshold.',
  'target-too-close':
    'The target must be above the threshold by at least the smallest amount that may be paid.',
  'cap-below-one-reload': 'The monthly cap must allow at least one payment.',
  'out-of-range': 'The target must be no more than may be paid at once.',
};
