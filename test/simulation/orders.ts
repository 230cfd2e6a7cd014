// What is asked for, by whom, and what is to become of it.

import type { Chance } from './chance.ts';
import type { Order } from './client-model.ts';
import { pinOf, windowsOf } from './expected.ts';
import { type Caller, END_USERS, type Office } from './office.ts';
import type { Asked } from './asked.ts';

export function orderOf(chance: Chance, office: Office): Order {
  return {
    model: chance.happens(0.03) ? 'unpriced' : 'model',
    delivery: chance.pick(['whole', 'stream']),
    outputTokensMax: chance.pick([1, 20, 300, 3_000]),
    text: 'x'.repeat(chance.whole(1, 60)),
    ...mannerOf(office),
  };
}

function mannerOf({ chance, isQuiet }: Office): Pick<Order, 'tier' | 'endUser'> {
  if (isQuiet) return { tier: undefined, endUser: undefined };
  return {
    tier: chance.pick([undefined, undefined, 'priority', 'flex', 'contributor', 'standard']),
    endUser: chance.pick([undefined, ...END_USERS]),
  };
}

export function callerOf(office: Office, organisationId: string): Caller | undefined {
  const own = office.terms.callers.filter((one) => one.organisationId === organisationId);
  return own[own.length === 1 ? 0 : office.chance.whole(0, own.length - 1)];
}

/** Decided in the moment in which its gateway takes it, by what that has heard of. */
export function admissionOf(
  { caller, order, running }: Asked,
  nowMs: number,
): Pick<Asked, 'admittedMs' | 'pin' | 'accounts'> {
  const terms = running.terms();
  const wallMs = running.wallMs();
  const pin = pinOf(terms, caller, order.tier ?? 'standard', wallMs);
  const windows = windowsOf(terms.budgets, caller, order.endUser, wallMs);
  return { admittedMs: nowMs, pin, accounts: [`credits:${caller.organisationId}`, ...windows] };
}
