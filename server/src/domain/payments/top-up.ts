// A top-up: what a customer has asked to pay, from the wish to the credit. Which state may follow which is one table.

import type { BillId } from './bill.ts';

export const TOP_UP_STATES = [
  /** Recorded; the provider may or may not know of it. */
  'created',
  /** The provider has it and waits: for the customer, for a bank. */
  'open',
  /** The provider has the money, and what it says is what was asked for. The credit is due. */
  'paid',
  'credited',
  'declined',
  /** Nobody has paid in time. */
  'expired',
  /** The provider has something else than what was asked for: no credit until somebody has looked. */
  'suspect',
] as const;
export type TopUpState = (typeof TOP_UP_STATES)[number];

/** Money that arrives after all is credited: what was declined or has expired can still be paid. */
const NEXT: { readonly [from in TopUpState]: readonly TopUpState[] } = {
  created: ['open', 'paid', 'declined', 'expired', 'suspect'],
  open: ['paid', 'declined', 'expired', 'suspect'],
  paid: ['credited'],
  credited: [],
  declined: ['paid', 'suspect'],
  expired: ['paid', 'suspect'],
  suspect: [],
};

/** The states from which `to` can be reached. */
export function statesBefore(to: TopUpState): readonly TopUpState[] {
  return TOP_UP_STATES.filter((from) => NEXT[from].includes(to));
}

/** How a top-up came about, and with that how it is paid. */
export const TOP_UP_ORIGINS = ['checkout', 'wire', 'auto-reload', 'bill'] as const;
export type TopUpOrigin = (typeof TOP_UP_ORIGINS)[number];

/** The saved card is charged, and its holder is not there. */
export function isAutomatic(origin: TopUpOrigin): boolean {
  return origin === 'auto-reload' || origin === 'bill';
}

/** Why a card was not charged, as far as its holder can do something about it. */
export const DECLINE_REASONS = [
  'card-declined',
  'insufficient-funds',
  'card-expired',
  /** The bank wants its customer to confirm: it must be paid by hand. */
  'authentication-required',
  /** There is no saved card, or the provider has forgotten it. */
  'no-payment-method',
  /** The provider would not even try: its account or our settings are at fault. */
  'refused-by-provider',
] as const;
export type DeclineReason = (typeof DECLINE_REASONS)[number];

export type TopUp = {
  /** Ours, made before the provider is asked; its idempotency key there. */
  readonly id: string;
  readonly organisationId: string;
  readonly provider: string;
  readonly origin: TopUpOrigin;
  readonly amountCents: number;
  readonly currency: string;
  readonly state: TopUpState;
  /** Of `declined` a reason, of `suspect` what does not agree. */
  readonly reason?: string;
  /** What the provider calls the order: a checkout, or the payment itself. */
  readonly orderId?: string;
  /** The provider's object that moves the money: credited once. */
  readonly paymentId?: string;
  /** Where the customer pays. */
  readonly url?: string;
  readonly saveMethod: boolean;
  /** The bill that it is meant to pay; what is left of it is credit. */
  readonly pays?: BillId;
  /** How often the provider was asked to make it. */
  readonly attempts: number;
  /** How often it was looked at since it changed. */
  readonly looks: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly creditedAtMs?: number;
};
