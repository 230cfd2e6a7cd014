// Credits of an organisation: its blocks, top-ups and reversals that are safe to send twice, and what it may owe.

import type {
  Balance as BalanceShown,
  CreditAccount as AccountShown,
  CreditBlock as BlockShown,
} from '@turnpike/contract/credits.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type { RouteParsed } from '@turnpike/contract/routes.ts';

import {
  type CreditBlock,
  factsOf,
  type NewCredits,
  problemOf,
} from '../domain/credits/credit-block.ts';
import { type Nano, parseDollars } from '../domain/money/nano.ts';
import { assert } from '../lib/assert.ts';
import { err, ok } from '../lib/result.ts';
import type { Balance, Organisation } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type CreditRoute =
  | 'getBalance'
  | 'addCredits'
  | 'listCredits'
  | 'reverseCredits'
  | 'setCreditLimit';

export function credits(deps: ControlDeps): Pick<Handlers, CreditRoute> {
  const { accounts } = deps;
  return {
    async getBalance(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const balance = await accounts.balance(organisation.value.id);
      assert(balance !== undefined, 'an organisation that is listed has a balance');
      return ok(balanceOf(organisation.value, balance));
    },

    async addCredits(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const wanted = newCredits(organisation.value, input);
      const wrong = problemOf(factsOf(wanted)) ?? past(wanted, deps.facts.nowMs());
      if (wrong !== undefined) {
        const field = FIELDS[wrong.field];
        return err({ code: 'invalid-request', message: `"${field}" ${wrong.problem}.`, field });
      }
      const added = await accounts.addCredits(wanted);
      if (added.kind === 'conflict') {
        const field = FIELDS[added.field];
        const message = `Credits were added under ${JSON.stringify(input.id)} before, with another "${field}": use a new id.`;
        return err({ code: 'conflict', message, field });
      }
      const { id } = input;
      return ok({ id, status: added.kind, ...balanceOf(organisation.value, added.balance) });
    },

    async listCredits(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      return organisation.ok ? ok(await accountOf(deps, organisation.value)) : organisation;
    },

    async reverseCredits({ block, id, amount, reason }) {
      const amountNano = dollarsIn(amount);
      const reversed = await accounts.reverseCredits({ id, blockId: block, amountNano, reason });
      switch (reversed.kind) {
        case 'not-found': {
          const message = `There is no block ${JSON.stringify(block)} that can be taken back. List the credits to see their ids.`;
          return err({ code: 'not-found', message, field: 'block' });
        }
        case 'too-much': {
          const message = `Only ${moneyOf(reversed.leftNano).dollars} dollars of the block are left to be taken back.`;
          return err({ code: 'invalid-request', message, field: 'amount' });
        }
        case 'conflict': {
          const field = REVERSAL_FIELDS[reversed.field];
          const message = `Credits were taken back under ${JSON.stringify(id)} before, with another "${field}": use a new id.`;
          return err({ code: 'conflict', message, field });
        }
        case 'reversed':
        case 'already-reversed': {
          const { kind: status, takenNano, owedNano } = reversed;
          return ok({ id, block, status, taken: moneyOf(takenNano), owed: moneyOf(owedNano) });
        }
      }
    },

    async setCreditLimit({ organisation: choice, amount }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      await accounts.setCreditLimit(organisation.value.id, dollarsIn(amount));
      return ok(await accountOf(deps, organisation.value));
    },
  };
}

/** As the client wrote them. */
const FIELDS: { readonly [fact in keyof NewCredits]-?: string } = {
  id: 'id',
  organisationId: 'organisation',
  amountNano: 'amount',
  source: 'source',
  provider: 'provider',
  priority: 'priority',
  effectiveAtMs: 'effectiveAt',
  expiresAtMs: 'expiresAt',
  costBasisNano: 'costBasis',
  note: 'note',
};

const REVERSAL_FIELDS = {
  id: 'id',
  blockId: 'block',
  amountNano: 'amount',
  reason: 'reason',
} as const;

function newCredits(
  { id: organisationId }: Organisation,
  input: RouteParsed<'addCredits'>,
): NewCredits {
  const { id, source, provider, priority, note, effectiveAt, expiresAt, costBasis } = input;
  return {
    id,
    organisationId,
    source,
    amountNano: dollarsIn(input.amount),
    ...(provider !== undefined && { provider }),
    ...(priority !== undefined && { priority }),
    ...(effectiveAt !== undefined && { effectiveAtMs: Date.parse(effectiveAt) }),
    ...(expiresAt !== undefined && { expiresAtMs: Date.parse(expiresAt) }),
    ...(costBasis !== undefined && { costBasisNano: dollarsIn(costBasis) }),
    ...(note !== undefined && { note }),
  };
}

/** Credits that can never be spent are a slip of the pen. */
function past({ expiresAtMs }: NewCredits, nowMs: number) {
  if (expiresAtMs === undefined || expiresAtMs > nowMs) return undefined;
  return { field: 'expiresAtMs', problem: 'is over already: it must be in the future' } as const;
}

function dollarsIn(text: string): Nano {
  const amountNano = parseDollars(text);
  assert(amountNano !== undefined && amountNano >= 0n, 'the contract lets only dollars in');
  return amountNano;
}

function balanceOf({ id, name }: Organisation, balance: Balance): BalanceShown {
  return {
    organisation: { id, name },
    available: moneyOf(balance.availableNano),
    held: moneyOf(balance.heldNano),
    balance: moneyOf(balance.balanceNano),
  };
}

async function accountOf(
  { accounts }: Pick<ControlDeps, 'accounts'>,
  organisation: Organisation,
): Promise<AccountShown> {
  const account = await accounts.creditAccount(organisation.id);
  const balance = await accounts.balance(organisation.id);
  assert(account !== undefined && balance !== undefined, 'an organisation that is listed has both');
  return {
    ...balanceOf(organisation, balance),
    pending: moneyOf(account.pendingNano),
    owed: moneyOf(account.owedNano),
    creditLimit: moneyOf(account.creditLimitNano),
    frozen: account.frozen,
    blocks: account.blocks.map(blockOf),
  };
}

function blockOf(block: CreditBlock): BlockShown {
  const { id, source, provider, state, priority, note, effectiveAtMs, expiresAtMs } = block;
  return {
    id,
    source,
    provider,
    state,
    priority,
    createdAt: new Date(block.createdAtMs).toISOString(),
    ...(effectiveAtMs !== undefined && { effectiveAt: new Date(effectiveAtMs).toISOString() }),
    ...(expiresAtMs !== undefined && { expiresAt: new Date(expiresAtMs).toISOString() }),
    amount: moneyOf(block.amountNano),
    remaining: moneyOf(block.remainingNano),
    costBasis: moneyOf(block.costBasisNano),
    ...(note !== undefined && { note }),
  };
}
