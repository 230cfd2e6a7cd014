// Credits of an organisation: what there is, and top-ups that are safe to send twice.

import type { Balance as BalanceShown } from '@turnpike/contract/credits.ts';
import { moneyOf } from '@turnpike/contract/money.ts';

import { parseDollars } from '../domain/money/nano.ts';
import { assert } from '../lib/assert.ts';
import { err, ok } from '../lib/result.ts';
import type { Balance, Organisation } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

export function credits({ accounts }: ControlDeps): Pick<Handlers, 'getBalance' | 'addCredits'> {
  return {
    async getBalance(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const balance = await accounts.balance(organisation.value.id);
      assert(balance !== undefined, 'an organisation that is listed has a balance');
      return ok(balanceOf(organisation.value, balance));
    },

    async addCredits({ id, organisation: choice, amount }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      const amountNano = parseDollars(amount);
      assert(
        amountNano !== undefined && amountNano > 0n,
        'the contract lets only dollars above zero in',
      );
      const added = await accounts.addCredits({
        id,
        organisationId: organisation.value.id,
        amountNano,
        source: 'manual',
      });
      if (added.kind === 'conflict') {
        const message = `The top-up ${JSON.stringify(id)} was added before with other facts (${added.field}): use a new id.`;
        return err({ code: 'conflict', message, field: 'id' });
      }
      return ok({ id, status: added.kind, ...balanceOf(organisation.value, added.balance) });
    },
  };
}

function balanceOf({ id, name }: Organisation, balance: Balance): BalanceShown {
  return {
    organisation: { id, name },
    available: moneyOf(balance.availableNano),
    held: moneyOf(balance.heldNano),
    balance: moneyOf(balance.balanceNano),
  };
}
