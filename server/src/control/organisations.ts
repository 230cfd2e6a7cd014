// Organisations and their projects.

import { ok } from '../lib/result.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

export function organisations({
  accounts,
}: ControlDeps): Pick<Handlers, 'listOrganisations' | 'listProjects'> {
  return {
    async listOrganisations() {
      return ok({ data: [...(await accounts.organisations())] });
    },

    async listProjects(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      return ok({ data: [...(await accounts.projects(organisation.value.id))] });
    },
  };
}
