// What a new installation begins with: an organisation, a project, a first key and some credit to try it with.

import { randomBytes } from 'node:crypto';
import { formatKey, hashKey, KEY_RANDOM_BYTES, redactKey } from '../domain/accounts/key.ts';
import { nano, NANO_PER_DOLLAR } from '../domain/money/nano.ts';
import { newId } from '../lib/ids.ts';
import type { Accounts } from '../ports/accounts.ts';

/** Play money for the operator's own first organisation: a few thousand answers of the shipped model. */
const FIRST_CREDIT_NANO = nano(5n * NANO_PER_DOLLAR);

/** The first key, or undefined when this installation has begun before. A start that was cut short is completed. */
export async function firstRun(accounts: Accounts): Promise<string | undefined> {
  const [existing] = await accounts.organisations();
  const organisation = existing ?? { id: newId('org'), name: 'default' };
  if (existing === undefined) await accounts.createOrganisation(organisation);

  const [existingProject] = await accounts.projects(organisation.id);
  const project = existingProject ?? {
    id: newId('proj'),
    organisationId: organisation.id,
    name: 'default',
  };
  if (existingProject === undefined) await accounts.createProject(project);

  if ((await accounts.keys(organisation.id)).length > 0) return undefined;
  await accounts.addCredits({
    id: `first-credit-${organisation.id}`,
    organisationId: organisation.id,
    amountNano: FIRST_CREDIT_NANO,
    source: 'promo',
  });
  const key = formatKey(randomBytes(KEY_RANDOM_BYTES));
  await accounts.createKey({
    id: newId('key'),
    projectId: project.id,
    name: 'first key',
    hash: hashKey(key),
    redacted: redactKey(key),
  });
  return key;
}
