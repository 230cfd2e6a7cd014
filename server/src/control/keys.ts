// API keys: made, listed, revoked. The text of a key leaves the server once, in the answer to its making.

import type { CreatedKey, Key } from '@turnpike/contract/keys.ts';

import { formatKey, hashKey, KEY_RANDOM_BYTES, redactKey } from '../domain/accounts/key.ts';
import type { ModelList } from '../domain/accounts/model-access.ts';
import { err, ok } from '../lib/result.ts';
import type { KeyRecord, Project } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { modelsOnSale } from './model-lists.ts';
import { chooseOrganisation, chooseProject } from './scope.ts';

type Routes = 'listKeys' | 'createKey' | 'setKeyModels' | 'revokeKey';

export function keys(deps: ControlDeps): Pick<Handlers, Routes> {
  const { accounts, facts } = deps;
  return {
    async listKeys(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const records = await accounts.keys(organisation.value.id);
      return ok({ data: records.map(keyOf) });
    },

    async createKey(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const project = await chooseProject(accounts, organisation.value, input.project);
      if (!project.ok) return project;
      const models = modelsOnSale(facts, input.models);
      if (!models.ok) return models;
      return ok(await issueKey(deps, project.value, input.name, models.value));
    },

    async setKeyModels({ id, models: wanted }) {
      const models = modelsOnSale(facts, wanted ?? undefined);
      if (!models.ok) return models;
      const record = await accounts.setKeyModels(id, models.value);
      return record === undefined ? noSuchKey(id) : ok(keyOf(record));
    },

    async revokeKey({ id }) {
      return (await accounts.revokeKey(id)) ? ok({ id, revoked: true }) : noSuchKey(id);
    },
  };
}

function noSuchKey(id: string) {
  const message = `There is no key with the id ${JSON.stringify(id)}. List the keys to see their ids.`;
  return err({ code: 'not-found', message, field: 'id' } as const);
}

async function issueKey(
  { accounts, newId, randomBytes }: Pick<ControlDeps, 'accounts' | 'newId' | 'randomBytes'>,
  project: Project,
  name: string,
  models: ModelList,
): Promise<CreatedKey> {
  const key = formatKey(randomBytes(KEY_RANDOM_BYTES));
  const record = await accounts.createKey({
    id: newId('key'),
    projectId: project.id,
    name,
    hash: hashKey(key),
    redacted: redactKey(key),
    ...(models !== undefined && { models }),
  });
  return { ...keyOf(record), key };
}

function keyOf(record: KeyRecord): Key {
  const { id, name, organisationId, projectId, redacted, createdAtMs, revokedAtMs } = record;
  const { models } = record;
  return {
    id,
    name,
    organisationId,
    projectId,
    redacted,
    createdAt: new Date(createdAtMs).toISOString(),
    ...(models !== undefined && { models: [...models] }),
    ...(revokedAtMs === undefined ? {} : { revokedAt: new Date(revokedAtMs).toISOString() }),
  };
}
