// Wires: the provider is a bank that nobody can ask, and an operator who reads its statements. What the operator enters
// is the payment object; everything else is as with any other provider.

import type { Payment, PaymentReversal } from '../../domain/payments/payment.ts';
import { err, ok } from '../../lib/result.ts';
import type {
  Answered,
  Page,
  PaymentOrder,
  PaymentProvider,
  RefundOrder,
} from '../../ports/payments.ts';
import type { BankPayment, BankPayments, BankRefund } from '../../ports/till-book.ts';

/** What the customer writes on the wire stands before every reference that is ours: no bank has such. */
const ORDER = 'wire:';

export class ManualPayments implements PaymentProvider {
  readonly name = 'manual';
  readonly #bank: BankPayments;
  readonly #nowMs: () => number;

  constructor(bank: BankPayments, nowMs: () => number) {
    this.#bank = bank;
    this.#nowMs = nowMs;
  }

  async open(order: PaymentOrder): Answered<Payment> {
    return ok(waiting(order));
  }

  async charge(): Answered<Payment> {
    const detail = "A bank account can't be charged from here.";
    return err({ kind: 'unsupported', detail });
  }

  async read(objectId: string): Answered<Payment | undefined> {
    if (!objectId.startsWith(ORDER)) {
      const received = await this.#bank.byReference(objectId);
      return ok(received === undefined ? undefined : paymentOf(received));
    }
    const received = await this.#bank.ofTopUp(objectId.slice(ORDER.length));
    return ok(received === undefined ? unread(objectId) : paymentOf(received));
  }

  async find(order: PaymentOrder): Answered<Payment | undefined> {
    const received = await this.#bank.ofTopUp(order.topUpId);
    return ok(received === undefined ? waiting(order) : paymentOf(received));
  }

  async cancel(objectId: string): Answered<Payment | undefined> {
    const read = await this.read(objectId);
    if (!read.ok || read.value?.status.kind !== 'open') return read;
    return ok({ ...read.value, status: { kind: 'expired' } });
  }

  /** The operator has sent it back already; the refund's id stands for its line of the statement. */
  async refund({ refundId, paymentId, amountCents }: RefundOrder): Answered<PaymentReversal> {
    const payment = await this.#bank.byReference(paymentId);
    if (payment === undefined) {
      const detail = `No payment with the reference "${paymentId}" was confirmed.`;
      return err({ kind: 'refused', detail });
    }
    const refund: BankRefund = {
      reference: `refund:${refundId}`,
      refundId,
      paymentReference: paymentId,
      amountCents,
      currency: payment.currency,
      atMs: this.#nowMs(),
    };
    const recorded = await this.#bank.recordRefund(refund);
    if (recorded === 'recorded') return ok(reversalOf(refund));
    const detail =
      recorded === 'too-much'
        ? 'More would be paid back than was received.'
        : `The refund "${refundId}" stands for another payment or amount.`;
    return err({ kind: 'refused', detail });
  }

  async reversals(paymentId: string): Answered<readonly PaymentReversal[]> {
    return ok((await this.#bank.refundsOf(paymentId)).map(reversalOf));
  }

  readWebhook() {
    return err('no-webhook' as const);
  }

  async payments(sinceMs: number): Answered<Page<Payment>> {
    return ok({ items: (await this.#bank.since(sinceMs)).map(paymentOf) });
  }

  async reversalsSince(sinceMs: number): Answered<Page<PaymentReversal>> {
    return ok({ items: (await this.#bank.refundsSince(sinceMs)).map(reversalOf) });
  }
}

function waiting({ topUpId, organisationId, amountCents, currency }: PaymentOrder): Payment {
  const orderId = `${ORDER}${topUpId}`;
  return { orderId, topUpId, organisationId, amountCents, currency, status: { kind: 'open' } };
}

/** Nothing has come: what it would be for stands in our row alone. */
function unread(orderId: string): Payment {
  const topUpId = orderId.slice(ORDER.length);
  return { orderId, topUpId, amountCents: 0, currency: '', status: { kind: 'open' } };
}

function paymentOf(received: BankPayment): Payment {
  const { reference, topUpId, organisationId, amountCents, currency } = received;
  return {
    orderId: `${ORDER}${topUpId}`,
    paymentId: reference,
    topUpId,
    organisationId,
    amountCents,
    currency,
    status: { kind: 'succeeded' },
  };
}

function reversalOf({ reference, refundId, paymentReference, amountCents, currency }: BankRefund) {
  return {
    id: reference,
    paymentId: paymentReference,
    kind: 'refund',
    amountCents,
    currency,
    status: 'stands',
    isFinal: true,
    refundId,
  } as const;
}
