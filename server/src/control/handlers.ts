// All handlers of the management API, one per route of the contract's table; each resource has its own file.

import { billing } from './billing.ts';
import { alertListeners } from './alert-listeners.ts';
import { alerts } from './alerts.ts';
import { adminKeys } from './admin-keys.ts';
import { budgets } from './budgets.ts';
import { credits } from './credits.ts';
import { freezes } from './freezes.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { keys } from './keys.ts';
import { models } from './models.ts';
import { autoReload } from './auto-reload.ts';
import { organisations } from './organisations.ts';
import { plans } from './plans.ts';
import { prices } from './prices.ts';
import { reratings } from './reratings.ts';
import { reconciliation } from './reconciliation.ts';
import { status } from './status.ts';
import { storage } from './storage.ts';
import { topUps } from './top-ups.ts';
import { usage } from './usage.ts';

export function managementHandlers(deps: ControlDeps): Handlers {
  return {
    ...organisations(deps),
    ...keys(deps),
    ...adminKeys(deps),
    ...billing(deps),
    ...alerts(deps),
    ...alertListeners(deps),
    ...credits(deps),
    ...plans(deps),
    ...prices(deps),
    ...reratings(deps),
    ...topUps(deps),
    ...autoReload(deps),
    ...budgets(deps),
    ...freezes(deps),
    ...usage(deps),
    ...reconciliation(deps),
    ...models(deps),
    ...status(deps),
    ...storage(deps),
  };
}
