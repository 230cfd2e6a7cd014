// Rows of alerts, as the rest of the program knows them.

import type { AlertEvent, AlertFacts } from '../../../domain/alerts/alert-event.ts';
import type { Delivery, DeliveryState, Endpoint, Recipient } from '../../../ports/alerts.ts';

export type EventRow = {
  readonly id: string;
  readonly number: string;
  readonly kind: string;
  readonly organisation_id: string | null;
  readonly facts: AlertFacts;
  readonly occurred_at: Date;
};

export function eventOf(row: EventRow): AlertEvent {
  return {
    id: row.id,
    kind: row.kind,
    facts: row.facts,
    occurredAtMs: row.occurred_at.getTime(),
    ...(row.organisation_id !== null && { organisationId: row.organisation_id }),
  };
}

export type DeliveryRow = {
  readonly target: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly due_at: Date;
  readonly ended_at: Date | null;
  readonly status: number | null;
  readonly detail: string | null;
};

export function deliveryOf(row: DeliveryRow): Delivery {
  const { target, state, attempts, status, detail } = row;
  return {
    target,
    state,
    attempts,
    ...(state === 'pending' && { dueAtMs: row.due_at.getTime() }),
    ...(row.ended_at !== null && { endedAtMs: row.ended_at.getTime() }),
    ...(status !== null && { status }),
    ...(detail !== null && { detail }),
  };
}

export type EndpointRow = {
  readonly id: string;
  readonly organisation_id: string | null;
  readonly url: string;
  readonly description: string | null;
  readonly kinds: readonly string[] | null;
  readonly previous_until: Date | null;
  readonly created_at: Date;
  readonly failing_since: Date | null;
  readonly disabled_at: Date | null;
};

export function endpointOf(row: EndpointRow): Endpoint {
  const { id, url, organisation_id, description, kinds, previous_until } = row;
  const { failing_since, disabled_at } = row;
  return {
    id,
    url,
    createdAtMs: row.created_at.getTime(),
    ...(organisation_id !== null && { organisationId: organisation_id }),
    ...(description !== null && { description }),
    ...(kinds !== null && { kinds }),
    ...(previous_until !== null && { previousSecretUntilMs: previous_until.getTime() }),
    ...(failing_since !== null && { failingSinceMs: failing_since.getTime() }),
    ...(disabled_at !== null && { disabledAtMs: disabled_at.getTime() }),
  };
}

export type RecipientRow = {
  readonly id: string;
  readonly organisation_id: string | null;
  readonly address: string;
  readonly kinds: readonly string[] | null;
  readonly created_at: Date;
};

export function recipientOf(row: RecipientRow): Recipient {
  const { id, address, organisation_id, kinds } = row;
  return {
    id,
    address,
    createdAtMs: row.created_at.getTime(),
    ...(organisation_id !== null && { organisationId: organisation_id }),
    ...(kinds !== null && { kinds }),
  };
}
