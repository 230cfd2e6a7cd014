// Alerts: events, who hears of them, and whether they did.

import * as z from 'zod';

import { NAME_CHARACTERS_MAX, NOTE_CHARACTERS_MAX, WEBHOOK_URL_CHARACTERS_MAX } from './limits.ts';
import { money } from './money.ts';
import { id, instant, organisationChoice } from './scope.ts';

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

const kinds = z
  .array(z.enum(ALERT_KINDS, `must be kinds of alerts, such as ${ALERT_KINDS[0]}`))
  .min(1, 'must name a kind; leave it out for all')
  .max(ALERT_KINDS.length);

/** Whose it is: the operator's with `operator`, else an organisation's. */
export const alertOwner = {
  organisation: organisationChoice,
  operator: z
    .union([z.boolean(), z.stringbool()])
    .default(false)
    .describe("The operator's own instead of an organisation's."),
};

/** Null for what is the operator's. */
const organisationId = z.string().nullable();

export const alertEndpoint = z.object({
  id,
  organisationId,
  url: z.string(),
  description: z.string().nullable(),
  kinds: z.array(z.string()).nullable().describe('Null: all that are its owner’s.'),
  state: z.enum(['on', 'failing', 'off']),
  failingSince: instant.nullable(),
  previousSecretUntil: instant
    .nullable()
    .describe('The secret before the last is used beside it until then.'),
  createdAt: instant,
});
export type AlertEndpoint = z.infer<typeof alertEndpoint>;

export const alertEndpointWithSecret = alertEndpoint.extend({
  secret: z.string().describe('What signatures are made with; shown this once.'),
});

const url = z
  .string()
  .max(WEBHOOK_URL_CHARACTERS_MAX)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, username, password, hash } = new URL(text);
    return /^https?:$/.test(protocol) && username + password + hash === '';
  }, 'must be an https address without a password or a fragment, such as https://example.com/hooks');

const description = z
  .string()
  .trim()
  .min(1)
  .max(NOTE_CHARACTERS_MAX)
  .regex(/^\P{Cc}*$/u, 'must be one line');

export const endpointToAdd = z.strictObject({
  ...alertOwner,
  url,
  description: description.optional(),
  kinds: kinds.optional().describe('The only kinds it hears of. Absent: all that are its owner’s.'),
});

export const endpointToChange = z.strictObject({
  id,
  url: url.optional(),
  kinds: kinds.nullable().optional().describe('Null: all again.'),
  enabled: z.boolean().optional().describe('Switched on again, it begins without its failures.'),
});

export const secretToRotate = z.strictObject({
  id,
  overlapHours: z
    .number()
    .min(0)
    .max(168, 'must be at most 168, a week')
    .default(24)
    .describe('For so long messages are signed with both secrets.'),
});

export const alertRecipient = z.object({
  id,
  organisationId,
  address: z.string(),
  kinds: z.array(z.string()).nullable(),
  createdAt: instant,
});
export type AlertRecipient = z.infer<typeof alertRecipient>;

export const recipientToAdd = z.strictObject({
  ...alertOwner,
  address: z
    .string()
    .max(254)
    .regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, 'must be one mail address, such as ops@example.com'),
  kinds: kinds.optional(),
});

export const alertDelivery = z.object({
  to: z
    .string()
    .describe('The id of an endpoint, or a mail address; `operator` for the one in the settings.'),
  state: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.number().int(),
  nextAt: instant.nullable().describe('Of what is pending: when it is tried next.'),
  endedAt: instant.nullable(),
  status: z.number().int().nullable().describe('What the last try was answered.'),
  detail: z.string().nullable(),
});
export type AlertDelivery = z.infer<typeof alertDelivery>;

export const alertEvent = z.object({
  id: z.string(),
  kind: z.string(),
  organisationId,
  occurredAt: instant,
  data: z.record(z.string(), z.unknown()).describe('As a webhook has it in `data`.'),
  cursor: z.string().describe('For `before`: the next page begins behind it.'),
});
export type AlertEvent = z.infer<typeof alertEvent>;

export const alertEventWithDeliveries = alertEvent.extend({ deliveries: z.array(alertDelivery) });
export type AlertEventWithDeliveries = z.infer<typeof alertEventWithDeliveries>;

export const eventId = z
  .string()
  .max(NAME_CHARACTERS_MAX)
  .regex(/^evt_[0-9a-f]{32}$/, 'is not the id of an event');

export const alertSettings = z.object({
  organisationId: z.string(),
  lowBalance: money
    .nullable()
    .describe('A balance below it is told of, once until it was above; null: none is.'),
});
