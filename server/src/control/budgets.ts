// Budgets of an organisation, its projects, keys and end users.

import type { Budget as BudgetShown } from '@turnpike/contract/budgets.ts';
import type { ManagementError } from '@turnpike/contract/errors.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type { RouteParsed } from '@turnpike/contract/routes.ts';

import { endUserOf } from '../domain/accounts/end-user.ts';
import { type Budget, windowIdOf, windowOf } from '../domain/ledger/budget.ts';
import { formatDollars, parseDollars } from '../domain/money/nano.ts';
import { newId } from '../lib/ids.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Accounts, Organisation } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type Routes = 'listBudgets' | 'setBudget' | 'listBudgetEndUsers';

/** Those who spent most: enough to see who is meant, and one page. */
const END_USERS_SHOWN_MAX = 100;

export function budgets(deps: ControlDeps): Pick<Handlers, Routes> {
  const { accounts } = deps;
  const shown = (budget: Budget) => budgetShown(accounts, budget, deps.facts.nowMs());
  return {
    async listBudgets(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const list = await accounts.budgets.list(organisation.value.id);
      return ok({ data: await Promise.all(list.map(shown)) });
    },

    async listBudgetEndUsers(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const list = await accounts.budgets.list(organisation.value.id);
      const budget = list.find(({ id }) => id === input.id);
      if (budget?.scope !== 'each-end-user') return err(noSuchBudget(input.id));
      const window = windowIdOf(budget, deps.facts.nowMs());
      const { top } = await accounts.budgets.endUsers(window, END_USERS_SHOWN_MAX);
      const data = top.map(({ endUser, spentNano, heldNano }) => ({
        endUser,
        spent: moneyOf(spentNano),
        held: moneyOf(heldNano),
      }));
      return ok({ data });
    },

    async setBudget(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const wanted = await budgetOf(accounts, organisation.value, input);
      if (!wanted.ok) return wanted;
      const { hardLimitNano: limit, alertNano } = wanted.value;
      const id = await accounts.budgets.set(wanted.value);
      if (id === undefined || (limit === undefined && alertNano === undefined)) {
        return ok({ budget: null, warning: null });
      }
      const budget = await shown({ ...wanted.value, id });
      return ok({ budget, warning: warningOf(budget, limit) });
    },
  };
}

async function budgetOf(
  accounts: Accounts,
  organisation: Organisation,
  input: RouteParsed<'setBudget'>,
): Promise<Result<Budget, ManagementError>> {
  const subject = await subjectOf(accounts, organisation, input);
  if (!subject.ok) return subject;
  const { scope, period } = input;
  const limit = nanoOf(input.hard_limit);
  const alert = nanoOf(input.alert);
  if (scope === 'each-end-user' && period === 'total') return err(NO_TOTAL);
  if (scope === 'each-end-user' && alert !== undefined) return err(NO_ALERT);
  return ok({
    id: newId('bud'),
    organisationId: organisation.id,
    scope,
    subject: subject.value,
    period,
    ...(limit !== undefined && { hardLimitNano: limit }),
    ...(alert !== undefined && { alertNano: alert }),
  });
}

const NO_TOTAL: ManagementError = {
  code: 'invalid-request',
  field: 'period',
  message:
    'A total of each end user would be kept for ever, of everybody who ever came: choose daily, weekly or monthly.',
};
const NO_ALERT: ManagementError = {
  code: 'invalid-request',
  field: 'alert',
  message:
    'An alert for each end user would tell of thousands: set a hard_limit here, and an alert for the project.',
};

function noSuchBudget(id: string): ManagementError {
  const message = `There is no budget ${JSON.stringify(id)} of each end user in this organisation.`;
  return { code: 'not-found', message, field: 'id' };
}

/** A limit below what is spent already is meant sometimes, and a slip of the finger at others. */
function warningOf(budget: BudgetShown, limit: bigint | undefined): string | null {
  const [spent, held] = [BigInt(budget.spent.nano), BigInt(budget.held.nano)];
  if (limit === undefined || budget.scope === 'each-end-user') return null;
  const until = budget.resetsAt === null ? '' : ` until ${budget.resetsAt}`;
  if (limit < spent) {
    return `The hard_limit is below the ${formatDollars(spent)} that are spent already: every new request is refused${until}. Running requests keep the ${formatDollars(held)} that are set aside.`;
  }
  if (limit >= spent + held) return null;
  return `The hard_limit is below the ${formatDollars(spent)} that are spent and the ${formatDollars(held)} that are set aside together: running requests keep what they have, and may spend it.`;
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
    const which = scope === 'each-end-user' ? 'project' : scope;
    const message = `"subject" is missing: say which ${which} is meant.`;
    return err({ code: 'invalid-request', message, field: 'subject' });
  }
  // As requests are told apart, so that what is set here is found there.
  if (scope === 'end-user') return ok(endUserOf(subject) ?? subject);
  const what = scope === 'key' ? 'key' : 'project';
  const known = await (what === 'key' ? accounts.keys(id) : accounts.projects(id));
  if (known.some((one) => one.id === subject)) return ok(subject);
  const message = `There is no ${what} ${JSON.stringify(subject)} in this organisation.`;
  return err({ code: 'not-found', message, field: 'subject' });
}

async function budgetShown(
  accounts: Accounts,
  budget: Budget,
  nowMs: number,
): Promise<BudgetShown> {
  const { id, scope, subject, period, hardLimitNano, alertNano } = budget;
  const windowId = windowIdOf(budget, nowMs);
  const isEach = scope === 'each-end-user';
  const users = isEach ? await accounts.budgets.endUsers(windowId, 0) : undefined;
  const window = users ?? (await accounts.budgets.window(windowId));
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
    endUsers: users?.count ?? null,
    resetsAt: endsAtMs === undefined ? null : new Date(endsAtMs).toISOString(),
  };
}
