// Something that somebody is to hear of, and what there is of such things.

/** By name; what each is about is in README.md. */
export const ALERT_KINDS = [
  'budget.threshold_reached',
  'credit.low',
  'credit.expiring',
  'payment.credited',
  'payment.failed',
  'payment.refunded',
  'payment.disputed',
  'payment.given_back',
  'payment.bill_given_up',
  'payment.suspect',
  'auto_reload.stopped',
  'auto_reload.cap_reached',
  'invoice.issued',
  'invoice.overdue',
  'reconciliation.difference',
  'metering.doubtful',
  'endpoint.disabled',
  'test',
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

/** What happened, flat; amounts are integers as text, and their names end in `Nano` or `Cents`. */
export type AlertFacts = { readonly [name: string]: string | number | null };

export type AlertEvent = {
  readonly id: string;
  /** An older program may find one that it does not know. */
  readonly kind: string;
  /** Absent: it is the operator's. */
  readonly organisationId?: string;
  readonly facts: AlertFacts;
  readonly occurredAtMs: number;
};
