// Budgets of an organisation, its projects, keys and end users.

import type { Budget as BudgetShown } from '@turnpike/contract/budgets.ts';
import type { ManagementError } from '@turnpike/contract/errors.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type { RouteParsed } from '@turnpike/contract/routes.ts';

import { type Budget, windowIdOf, windowOf } from '../domain/ledger/budget.ts';
import { formatDollars, parseDollars } from '../domain/money/nano.ts';
import { newId } from '../lib/ids.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Accounts, Organisation } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

export function budgets(deps: ControlDeps): Pick<Handlers, 'listBudgets' | 'setBudget'> {
  const { accounts } = deps;
  const shown = (budget: Budget) => budgetShown(accounts, budget, deps.facts.nowMs());
  return {
    async listBudgets(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const list = await accounts.budgets.list(organisation.value.id);
      return ok({ data: await Promise.all(list.map(shown)) });
    },

    async setBudget(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const subject = await subjectOf(accounts, organisation.value, input);
      if (!subject.ok) return subject;
      const { scope, period } = input;
      const limit = nanoOf(input.hard_limit);
      const alert = nanoOf(input.alert);
      const wanted: Budget = {
        id: newId('bud'),
        organisationId: organisation.value.id,
        scope,
        subject: subject.value,
        period,
        ...(limit !== undefined && { hardLimitNano: limit }),
        ...(alert !== undefined && { alertNano: alert }),
      };
      const id = await accounts.budgets.set(wanted);
      if (id === undefined || (limit === undefined && alert === undefined)) {
        return ok({ budget: null, warning: null });
      }
      const budget = await shown({ ...wanted, id });
      const spent = BigInt(budget.spent.nano);
      const isBelow = limit !== undefined && limit < spent;
      const warning = `The hard_limit is below the ${formatDollars(spent)} that are spent already: nothing more can be spent in this window.`;
      return ok({ budget, warning: isBelow ? warning : null });
    },
  };
}

function nanoOf(dollars: string | null | undefined): bigint | undefined {
  return dollars === null || dollars === undefined ? undefined : parseDollars(dollars);
}

async function subjectOf(
  accounts: Accounts,
  { id }: Organisation,
  { scope, subject }: RouteParsed<'setBudget'>,
): Promise<Result<string, ManagementError>> {
  if (scope === 'organisation') return ok(id);
  if (subject === undefined) {
    const message = `"subject" is missing: say which ${scope} is meant.`;
    return err({ code: 'invalid-request', message, field: 'subject' });
  }
  if (scope === 'end-user') return ok(subject);
  const known = await (scope === 'project' ? accounts.projects(id) : accounts.keys(id));
  if (known.some((one) => one.id === subject)) return ok(subject);
  const message = `There is no ${scope} ${JSON.stringify(subject)} in this organisation.`;
  return err({ code: 'not-found', message, field: 'subject' });
}

async function budgetShown(
  accounts: Accounts,
  budget: Budget,
  nowMs: number,
): Promise<BudgetShown> {
  const { id, scope, subject, period, hardLimitNano, alertNano } = budget;
  const window = await accounts.budgets.window(windowIdOf(budget, nowMs));
  const { endsAtMs } = windowOf(period, nowMs);
  return {
    id,
    scope,
    subject,
    period,
    hard_limit: hardLimitNano === undefined ? null : moneyOf(hardLimitNano),
    alert: alertNano === undefined ? null : moneyOf(alertNano),
    spent: moneyOf(window?.spentNano ?? 0n),
    held: moneyOf(window?.heldNano ?? 0n),
    resetsAt: endsAtMs === undefined ? null : new Date(endsAtMs).toISOString(),
  };
}
