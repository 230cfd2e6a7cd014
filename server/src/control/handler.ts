// What a handler of the management API is: validated input in, an answer or a refusal out. No sockets here.

import type { ManagementError } from '@turnpike/contract/errors.ts';
import type { RouteName, RouteOutput, RouteParsed } from '@turnpike/contract/routes.ts';

import type { Owner } from '../domain/stored/answer.ts';
import type { Result } from '../lib/result.ts';
import type { Accounts } from '../ports/accounts.ts';
import type { Plans } from '../ports/plans.ts';
import type { PriceBooks } from '../ports/price-books.ts';
import type { Alerts } from '../ports/alerts.ts';
import type { Reratings } from '../ports/reratings.ts';
import type { Billing } from '../ports/billing.ts';
import type { AdminKeys } from '../ports/admin-keys.ts';
import type { Reconciliations } from '../ports/reconciliations.ts';
import type { ServerFacts } from '../ports/server-facts.ts';
import type { Till } from '../till/till.ts';

/** What handlers work with. Ids and chance come in as functions, so that tests can choose them. */
export type ControlDeps = {
  readonly accounts: Accounts;
  /** Absent: nothing is sold by the month here. */
  readonly plans?: Plans;
  readonly prices: PriceBooks;
  readonly reratings: Reratings;
  readonly adminKeys: AdminKeys;
  readonly billing: Billing;
  readonly alerts: Alerts;
  /** Webhooks may go to addresses that are not public, and without TLS. */
  readonly privateWebhooks?: boolean;
  /** Absent: nobody adds up by the hour here. */
  readonly reconciliations?: Pick<Reconciliations, 'last' | 'meters'>;
  readonly facts: ServerFacts;
  readonly till: Till;
  /** What a project keeps between requests. */
  storedBytes(owner: Owner): Promise<number>;
  newId(prefix: string): string;
  randomBytes(count: number): Uint8Array;
};

export type Handled<N extends RouteName> = Promise<Result<RouteOutput<N>, ManagementError>>;

export type Handlers = { readonly [N in RouteName]: (input: RouteParsed<N>) => Handled<N> };
