// Auto-reload: settings, the card behind it, and why it stopped where it did.

import { moneyOf } from '@turnpike/contract/money.ts';
import type { AutoReload as AutoReloadShown } from '@turnpike/contract/payments.ts';

import { nanoOfCents } from '../domain/payments/amount.ts';
import type { AutoReload } from '../domain/payments/auto-reload.ts';
import type { PaymentMethod } from '../domain/payments/payment.ts';
import { err, ok } from '../lib/result.ts';
import type { Till } from '../till/till.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { refusalOf } from './payment-refusals.ts';
import { chooseOrganisation } from './scope.ts';

type Names = 'getAutoReload' | 'setAutoReload' | 'turnOffAutoReload';

export function autoReload({ accounts, till }: ControlDeps): Pick<Handlers, Names> {
  return {
    async getAutoReload(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      return organisation.ok ? ok(await show(till, organisation.value.id)) : organisation;
    },

    async setAutoReload({ threshold, target, monthlyCap, ...input }) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const { id } = organisation.value;
      const set = await till.setAutoReload(id, { threshold, target, monthlyCap });
      return set.ok ? ok(await show(till, id)) : err(refusalOf(set.error));
    },

    async turnOffAutoReload(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      await till.turnAutoReloadOff(organisation.value.id);
      return ok(await show(till, organisation.value.id));
    },
  };
}

async function show(till: Till, organisationId: string): Promise<AutoReloadShown> {
  const [settings, method] = [
    await till.autoReload(organisationId),
    await till.method(organisationId),
  ];
  const card = method === undefined ? {} : { paymentMethod: cardOf(method) };
  if (settings === undefined) return { on: false, declines: 0, ...card };
  return { ...settingsOf(settings, till.nowMs()), ...card };
}

function settingsOf(settings: AutoReload, nowMs: number): AutoReloadShown {
  const { isOn, offReason, declines, restsUntilMs } = settings;
  return {
    on: isOn,
    declines,
    threshold: moneyOf(nanoOfCents(settings.thresholdCents)),
    target: moneyOf(nanoOfCents(settings.targetCents)),
    monthlyCap: moneyOf(nanoOfCents(settings.monthlyCapCents)),
    ...(offReason !== undefined && { offReason }),
    ...(restsUntilMs > nowMs && { restsUntil: new Date(restsUntilMs).toISOString() }),
  };
}

function cardOf({ brand, last4, expiresMonth, expiresYear }: PaymentMethod) {
  return { brand, last4, expires: `${expiresYear}-${String(expiresMonth).padStart(2, '0')}` };
}
