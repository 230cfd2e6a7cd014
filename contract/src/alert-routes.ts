// The part of the table of routes that is about alerts.

import * as z from 'zod';

import {
  alertEndpoint,
  alertEndpointWithSecret,
  alertEvent,
  alertEventWithDeliveries,
  alertOwner,
  alertRecipient,
  alertSettings,
  endpointToAdd,
  endpointToChange,
  eventId,
  recipientToAdd,
  secretToRotate,
} from './alerts.ts';
import { dollarsOrNothing } from './money.ts';
import { id, organisationChoice } from './scope.ts';

export const alertRoutes = {
  listAlertEvents: {
    method: 'GET',
    path: '/alerts/events',
    summary:
      'What happened that somebody was to hear of, the newest 50 first, of everybody unless told.',
    input: z.strictObject({
      organisation: organisationChoice,
      before: z
        .string()
        .regex(/^\d{1,18}$/, 'must be the cursor of an event')
        .optional()
        .describe('The cursor of the last one of the page before.'),
    }),
    output: z.object({ data: z.array(alertEvent) }),
  },
  getAlertEvent: {
    method: 'GET',
    path: '/alerts/events/:id',
    summary: 'One event, and what became of each of its deliveries.',
    input: z.strictObject({ id: eventId }),
    output: alertEventWithDeliveries,
  },
  redeliverAlert: {
    method: 'POST',
    path: '/alerts/events/:id/redeliver',
    summary: 'Delivers an event again, to everybody or to one.',
    input: z.strictObject({
      id: eventId,
      to: z.string().max(300).optional().describe('The id of an endpoint, or a mail address.'),
    }),
    output: z.object({ deliveries: z.number().int() }),
  },
  listAlertEndpoints: {
    method: 'GET',
    path: '/alerts/endpoints',
    summary: 'Addresses that are called, of an organisation or of the operator.',
    input: z.strictObject(alertOwner),
    output: z.object({ data: z.array(alertEndpoint) }),
  },
  addAlertEndpoint: {
    method: 'POST',
    path: '/alerts/endpoints',
    summary: 'Adds an address that is called, and shows its secret this once.',
    input: endpointToAdd,
    output: alertEndpointWithSecret,
  },
  changeAlertEndpoint: {
    method: 'POST',
    path: '/alerts/endpoints/:id',
    summary: 'Changes where an endpoint is or what it hears of, or switches it off or on.',
    input: endpointToChange,
    output: alertEndpoint,
  },
  rotateAlertSecret: {
    method: 'POST',
    path: '/alerts/endpoints/:id/rotate',
    summary: 'Makes a new secret and shows it this once; the one before stays valid for a while.',
    input: secretToRotate,
    output: alertEndpointWithSecret,
  },
  removeAlertEndpoint: {
    method: 'POST',
    path: '/alerts/endpoints/:id/remove',
    summary: 'Removes an endpoint; what was still to be delivered to it is not.',
    input: z.strictObject({ id }),
    output: z.object({ id }),
  },
  testAlertEndpoint: {
    method: 'POST',
    path: '/alerts/endpoints/:id/test',
    summary: 'Sends an endpoint an event of the kind `test`.',
    input: z.strictObject({ id }),
    output: z.object({ event: z.string() }),
  },
  listAlertRecipients: {
    method: 'GET',
    path: '/alerts/recipients',
    summary: 'Addresses that get mail, of an organisation or of the operator.',
    input: z.strictObject(alertOwner),
    output: z.object({ data: z.array(alertRecipient) }),
  },
  addAlertRecipient: {
    method: 'POST',
    path: '/alerts/recipients',
    summary: 'Adds an address that gets mail.',
    input: recipientToAdd,
    output: alertRecipient,
  },
  removeAlertRecipient: {
    method: 'POST',
    path: '/alerts/recipients/:id/remove',
    summary: 'Removes an address that gets mail.',
    input: z.strictObject({ id }),
    output: z.object({ id }),
  },
  getAlertSettings: {
    method: 'GET',
    path: '/alerts/settings',
    summary: 'From when on an organisation is told that its credit is low.',
    input: z.strictObject({ organisation: organisationChoice }),
    output: alertSettings,
  },
  setAlertSettings: {
    method: 'POST',
    path: '/alerts/settings',
    summary: 'Sets from when on an organisation is told that its credit is low; null: never.',
    input: z.strictObject({
      organisation: organisationChoice,
      lowBalance: dollarsOrNothing.nullable(),
    }),
    output: alertSettings,
  },
} as const;
