// Freezes of an organisation, its projects and keys.

import type { Freeze as FreezeShown } from '@turnpike/contract/freezes.ts';
import type { ManagementError } from '@turnpike/contract/errors.ts';
import type { RouteParsed } from '@turnpike/contract/routes.ts';

import type { Freeze } from '../domain/accounts/freeze.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Accounts, Organisation } from '../ports/accounts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type Routes = 'listFreezes' | 'freeze' | 'thaw' | 'setFreezePolicy';

export function freezes({ accounts, newId }: ControlDeps): Pick<Handlers, Routes> {
  const listed = async ({ id }: Organisation) => ({
    policy: await accounts.freezes.policy(id),
    data: (await accounts.freezes.list(id)).map(freezeShown),
  });
  return {
    async listFreezes(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      return organisation.ok ? ok(await listed(organisation.value)) : organisation;
    },

    async freeze(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      const subject = await subjectOf(accounts, organisation.value, input);
      if (!subject.ok) return subject;
      const { scope, reason, by, running } = input;
      const made = await accounts.freezes.freeze({
        id: newId('frz'),
        organisationId: organisation.value.id,
        scope,
        subject: subject.value,
        reason,
        by,
        endsRunning: running === 'end',
      });
      return ok(freezeShown(made));
    },

    async thaw(input) {
      const thawed = await accounts.freezes.thaw(input);
      if (thawed !== undefined) return ok(freezeShown(thawed));
      const message = `There is no freeze ${JSON.stringify(input.id)}. List the freezes to see their ids.`;
      return err({ code: 'not-found', message, field: 'id' });
    },

    async setFreezePolicy(input) {
      const organisation = await chooseOrganisation(accounts, input.organisation);
      if (!organisation.ok) return organisation;
      await accounts.freezes.setPolicy(organisation.value.id, input.policy);
      return ok(await listed(organisation.value));
    },
  };
}

async function subjectOf(
  accounts: Accounts,
  { id }: Organisation,
  { scope, subject }: RouteParsed<'freeze'>,
): Promise<Result<string, ManagementError>> {
  if (scope === 'organisation') {
    if (subject === undefined || subject === id) return ok(id);
    const message = 'An organisation is named by "organisation"; leave "subject" out.';
    return err({ code: 'invalid-request', message, field: 'subject' });
  }
  if (subject === undefined) {
    const message = `"subject" is missing: say which ${scope} is meant.`;
    return err({ code: 'invalid-request', message, field: 'subject' });
  }
  const known = await (scope === 'project' ? accounts.projects(id) : accounts.keys(id));
  if (known.some((one) => one.id === subject)) return ok(subject);
  const message = `There is no ${scope} ${JSON.stringify(subject)} in this organisation.`;
  return err({ code: 'not-found', message, field: 'subject' });
}

function freezeShown(freeze: Freeze): FreezeShown {
  const { id, scope, subject, reason, by, endsRunning, frozenAtMs, thawed } = freeze;
  const { atMs, ...who } = thawed ?? { atMs: 0, by: '', reason: '' };
  return {
    id,
    scope,
    subject,
    reason,
    by,
    running: endsRunning ? 'end' : 'finish',
    frozenAt: new Date(frozenAtMs).toISOString(),
    thawed: thawed === undefined ? null : { at: new Date(atMs).toISOString(), ...who },
  };
}
