// How much the projects of an organisation keep.

import { ok } from '../lib/result.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

export function storage({ accounts, storedBytes }: ControlDeps): Pick<Handlers, 'listStorage'> {
  return {
    async listStorage(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const { id: organisationId } = organisation.value;
      const projects = await accounts.projects(organisationId);
      const data = await Promise.all(
        projects.map(async ({ id: projectId, name }) => ({
          projectId,
          name,
          bytes: await storedBytes({ organisationId, projectId }),
        })),
      );
      return ok({ data });
    },
  };
}
