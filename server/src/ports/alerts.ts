// What alerts need of the store, and of those who carry them: an outbox that gives each row to one process at a time, and
// couriers that say whether somebody has taken it.

import type { AlertEvent, AlertFacts, AlertKind } from '../domain/alerts/alert-event.ts';

/** Whose: an organisation's, or, without one, the operator's. */
export type Owner = { readonly organisationId?: string };

export type Endpoint = Owner & {
  readonly id: string;
  readonly url: string;
  readonly description?: string;
  /** Absent: all that are its owner's. */
  readonly kinds?: readonly string[];
  readonly createdAtMs: number;
  readonly previousSecretUntilMs?: number;
  readonly failingSinceMs?: number;
  readonly disabledAtMs?: number;
};

export type NewEndpoint = Owner & {
  readonly id: string;
  readonly url: string;
  readonly description?: string;
  readonly kinds?: readonly AlertKind[];
  readonly secret: string;
};

/** What is not there stays as it is; `kinds: null` is all again. */
export type EndpointChange = {
  readonly url?: string;
  readonly kinds?: readonly AlertKind[] | null;
  readonly enabled?: boolean;
};

export type Recipient = Owner & {
  readonly id: string;
  readonly address: string;
  readonly kinds?: readonly string[];
  readonly createdAtMs: number;
};

export type NewRecipient = Owner & {
  readonly id: string;
  readonly address: string;
  readonly kinds?: readonly AlertKind[];
};

export type DeliveryState = 'pending' | 'delivered' | 'failed';

export type Delivery = {
  /** An endpoint's id, `mail:` and an address, or `mail:` alone for the operator's. */
  readonly target: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** Of what is pending: when it is tried next. */
  readonly dueAtMs?: number;
  readonly endedAtMs?: number;
  /** Of the last try: the HTTP status, and what was said. */
  readonly status?: number;
  readonly detail?: string;
};

export type NotedEvent = AlertEvent & { readonly number: string };
export type EventWithDeliveries = NotedEvent & { readonly deliveries: readonly Delivery[] };

/** A delivery that is this process's own until its claim is over. */
export type ClaimedDelivery = {
  readonly event: AlertEvent;
  readonly organisationName?: string;
  readonly target: string;
  /** This try included. */
  readonly attempts: number;
  /** Where the target is an endpoint. */
  readonly webhook?: { readonly url: string; readonly secrets: readonly string[] };
};

export type DeliveryEnd =
  | { readonly kind: 'delivered'; readonly status?: number; readonly detail?: string }
  | { readonly kind: 'again'; readonly afterMs: number; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Failure = {
  readonly detail: string;
  readonly status?: number;
  /** Whoever was asked wants no more of it. */
  readonly isFinal?: true;
};

export type NewAlert = Owner & {
  /** The same cause is noted once, whoever notes it. */
  readonly cause: string;
  readonly kind: AlertKind;
  readonly facts: AlertFacts;
  readonly atMs: number;
};

export type EventsAsked = Partial<Owner> & {
  readonly count: number;
  /** The number of the last one of the page before. */
  readonly before?: string;
};

export interface Alerts {
  /** Notices what there is to notice; with `calendar`, also what comes with the days. Returns how much that was. */
  look(calendar: boolean): Promise<number>;
  /** False: it was noted before. */
  note(alert: NewAlert): Promise<boolean>;
  /** To one endpoint alone; undefined: it is not there. */
  test(endpointId: string, cause: string, atMs: number): Promise<string | undefined>;

  /** At most `perTarget` for one target, and none for those that are `busy`. */
  claim(claim: {
    readonly count: number;
    readonly perTarget: number;
    readonly busy: readonly string[];
    readonly claimMs: number;
  }): Promise<readonly ClaimedDelivery[]>;
  end(delivery: ClaimedDelivery, end: DeliveryEnd): Promise<void>;

  /** The newest first. */
  events(asked: EventsAsked): Promise<readonly NotedEvent[]>;
  event(id: string): Promise<EventWithDeliveries | undefined>;
  /** Everything that is not under way, or one target; returns how many. Undefined: there is no such event. */
  redeliver(id: string, target: string | undefined): Promise<number | undefined>;

  endpoints(owner: Owner): Promise<readonly Endpoint[]>;
  endpoint(id: string): Promise<Endpoint | undefined>;
  addEndpoint(endpoint: NewEndpoint): Promise<void>;
  changeEndpoint(id: string, change: EndpointChange): Promise<Endpoint | undefined>;
  /** The one before stays valid for so long. */
  rotateSecret(id: string, secret: string, overlapMs: number): Promise<Endpoint | undefined>;
  removeEndpoint(id: string): Promise<boolean>;

  recipients(owner: Owner): Promise<readonly Recipient[]>;
  /** False: the address is there already. */
  addRecipient(recipient: NewRecipient): Promise<boolean>;
  removeRecipient(id: string): Promise<boolean>;

  lowBalance(organisationId: string): Promise<bigint | undefined>;
  setLowBalance(organisationId: string, belowNano: bigint | undefined): Promise<void>;
}

export type Mail = {
  readonly to: string;
  /** The same at each try. */
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly atMs: number;
};

export type Carried =
  | { readonly ok: true; readonly status?: number; readonly detail?: string }
  | { readonly ok: false; readonly failure: Failure };

export interface MailCourier extends AsyncDisposable {
  send(mail: Mail, signal: AbortSignal): Promise<Carried>;
}

export interface WebhookCourier {
  post(
    url: string,
    headers: { readonly [name: string]: string },
    body: string,
    signal: AbortSignal,
  ): Promise<Carried>;
}
