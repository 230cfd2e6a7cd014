// API keys: made, listed, revoked. The text of a key leaves the server once, in the answer to its making.

import type { CreatedKey, Key } from '@turnpike/contract/keys.ts';

import { formatKey, hashKey, KEY_RANDOM_BYTES, redactKey } from '../domain/accounts/key.ts';
import { err, ok } from '../lib/result.ts';
import type { KeyRecord, Project } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation, chooseProject } from './scope.ts';

export function keys(deps: ControlDeps): Pick<Handlers, 'listKeys' | 'createKey' | 'revokeKey'> {
  const { accounts } = deps;
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
      return ok(await issueKey(deps, project.value, input.name));
    },

    async revokeKey({ id }) {
      if (await accounts.revokeKey(id)) return ok({ id, revoked: true });
      const message = `There is no key with the id ${JSON.stringify(id)}. List the keys to see their ids.`;
      return err({ code: 'not-found', message, field: 'id' });
    },
  };
}

async function issueKey(
  { accounts, newId, randomBytes }: Pick<ControlDeps, 'accounts' | 'newId' | 'randomBytes'>,
  project: Project,
  name: string,
): Promise<CreatedKey> {
  const key = formatKey(randomBytes(KEY_RANDOM_BYTES));
  const record = await accounts.createKey({
    id: newId('key'),
    projectId: project.id,
    name,
    hash: hashKey(key),
    redacted: redactKey(key),
  });
  return { ...keyOf(record), key };
}

function keyOf(record: KeyRecord): Key {
  const { id, name, organisationId, projectId, redacted, createdAtMs, revokedAtMs } = record;
  return {
    id,
    name,
    organisationId,
    projectId,
    redacted,
    createdAt: new Date(createdAtMs).toISOString(),
    ...(revokedAtMs === undefined ? {} : { revokedAt: new Date(revokedAtMs).toISOString() }),
  };
}
