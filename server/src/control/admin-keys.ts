// Admin keys: made, listed, revoked, as keys of projects are.

import type { AdminKey } from '@turnpike/contract/admin-keys.ts';

import { formatKey, hashKey, KEY_RANDOM_BYTES, redactKey } from '../domain/accounts/key.ts';
import { err, ok } from '../lib/result.ts';
import type { AdminKeyRecord } from '../ports/admin-keys.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type Routes = 'listAdminKeys' | 'createAdminKey' | 'revokeAdminKey';

export function adminKeys(deps: ControlDeps): Pick<Handlers, Routes> {
  const { accounts, adminKeys: keys, newId, randomBytes } = deps;
  return {
    async listAdminKeys(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      return ok({ data: (await keys.list(organisation.value.id)).map(shown) });
    },

    async createAdminKey(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const key = formatKey(randomBytes(KEY_RANDOM_BYTES), 'admin');
      const record = await keys.create({
        id: newId('adm'),
        organisationId: organisation.value.id,
        name: input.name,
        hash: hashKey(key),
        redacted: redactKey(key),
      });
      return ok({ ...shown(record), key });
    },

    async revokeAdminKey({ id }) {
      if (await keys.revoke(id)) return ok({ id, revoked: true });
      const message = `There is no admin key with the id ${JSON.stringify(id)}. List them to see their ids.`;
      return err({ code: 'not-found', message, field: 'id' });
    },
  };
}

function shown({ createdAtMs, revokedAtMs, ...rest }: AdminKeyRecord): AdminKey {
  return {
    ...rest,
    createdAt: new Date(createdAtMs).toISOString(),
    ...(revokedAtMs !== undefined && { revokedAt: new Date(revokedAtMs).toISOString() }),
  };
}
