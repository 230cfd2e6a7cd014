// Organisations and their projects.

import type { Project as ProjectShown } from '@turnpike/contract/organisations.ts';

import { err, ok } from '../lib/result.ts';
import type { Project } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { modelsOnSale } from './model-lists.ts';
import { chooseOrganisation } from './scope.ts';

type Routes = 'listOrganisations' | 'listProjects' | 'setProjectModels';

export function organisations({ accounts, facts }: ControlDeps): Pick<Handlers, Routes> {
  return {
    async listOrganisations() {
      return ok({ data: [...(await accounts.organisations())] });
    },

    async listProjects(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const projects = await accounts.projects(organisation.value.id);
      return ok({ data: projects.map(projectOf) });
    },

    async setProjectModels({ id, models: wanted }) {
      const models = modelsOnSale(facts, wanted ?? undefined);
      if (!models.ok) return models;
      const project = await accounts.setProjectModels(id, models.value);
      if (project !== undefined) return ok(projectOf(project));
      const message = `There is no project with the id ${JSON.stringify(id)}. List the projects to see their ids.`;
      return err({ code: 'not-found', message, field: 'id' });
    },
  };
}

function projectOf({ models, ...project }: Project): ProjectShown {
  return { ...project, ...(models !== undefined && { models: [...models] }) };
}
