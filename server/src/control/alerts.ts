// Events that somebody was to hear of, what became of them, and from when on credit is low.

import type { AlertDelivery, AlertEvent as EventShown } from '@turnpike/contract/alerts.ts';
import type { ManagementError } from '@turnpike/contract/errors.ts';
import { ALERTS_LISTED_MAX } from '@turnpike/contract/limits.ts';
import { moneyOf } from '@turnpike/contract/money.ts';

import { dataOf } from '../domain/alerts/payload.ts';
import { parseDollars } from '../domain/money/nano.ts';
import { err, ok } from '../lib/result.ts';
import type { Delivery, NotedEvent } from '../ports/alerts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type Routes =
  | 'listAlertEvents'
  | 'getAlertEvent'
  | 'redeliverAlert'
  | 'getAlertSettings'
  | 'setAlertSettings';

export function alerts({ accounts, alerts: book }: ControlDeps): Pick<Handlers, Routes> {
  const settingsOf = async (organisationId: string) => {
    const below = await book.lowBalance(organisationId);
    return { organisationId, lowBalance: below === undefined ? null : moneyOf(below) };
  };
  return {
    async listAlertEvents({ organisation, before }) {
      const chosen =
        organisation === undefined ? undefined : await chooseOrganisation(accounts, organisation);
      if (chosen !== undefined && !chosen.ok) return chosen;
      const events = await book.events({
        count: ALERTS_LISTED_MAX,
        ...(chosen !== undefined && { organisationId: chosen.value.id }),
        ...(before !== undefined && { before }),
      });
      return ok({ data: events.map(eventShown) });
    },

    async getAlertEvent({ id }) {
      const event = await book.event(id);
      if (event === undefined) return err(noSuchEvent(id));
      return ok({ ...eventShown(event), deliveries: event.deliveries.map(deliveryShown) });
    },

    async redeliverAlert({ id, to }) {
      const deliveries = await book.redeliver(id, to === undefined ? undefined : targetOf(to));
      if (deliveries === undefined) return err(noSuchEvent(id));
      if (deliveries > 0) return ok({ deliveries });
      const message =
        to === undefined
          ? 'Nothing is to be delivered again: all of it is still under way, or its endpoints are switched off.'
          : `Nothing is to be delivered to "${to}" again: it was not to hear of this, is still being tried, or is switched off.`;
      return err({ code: 'conflict', message, ...(to !== undefined && { field: 'to' }) });
    },

    async getAlertSettings({ organisation }) {
      const chosen = await chooseOrganisation(accounts, organisation);
      return chosen.ok ? ok(await settingsOf(chosen.value.id)) : chosen;
    },

    async setAlertSettings({ organisation, lowBalance }) {
      const chosen = await chooseOrganisation(accounts, organisation);
      if (!chosen.ok) return chosen;
      const below = lowBalance === null ? undefined : parseDollars(lowBalance);
      await book.setLowBalance(chosen.value.id, below);
      return ok(await settingsOf(chosen.value.id));
    },
  };
}

const OPERATOR = 'operator';

function targetOf(to: string): string {
  if (to === OPERATOR) return 'mail:';
  return to.includes('@') ? `mail:${to}` : to;
}

function eventShown(event: NotedEvent): EventShown {
  const { id, kind, organisationId, occurredAtMs, facts, number } = event;
  return {
    id,
    kind,
    organisationId: organisationId ?? null,
    occurredAt: new Date(occurredAtMs).toISOString(),
    data: { ...dataOf(facts) },
    cursor: number,
  };
}

function deliveryShown(delivery: Delivery): AlertDelivery {
  const { target, state, attempts, dueAtMs, endedAtMs, status, detail } = delivery;
  const to = target === 'mail:' ? OPERATOR : target.replace(/^mail:/, '');
  return {
    to,
    state,
    attempts,
    nextAt: dueAtMs === undefined ? null : new Date(dueAtMs).toISOString(),
    endedAt: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(),
    status: status ?? null,
    detail: detail ?? null,
  };
}

function noSuchEvent(id: string): ManagementError {
  return { code: 'not-found', message: `There is no event ${id}.`, field: 'id' };
}
