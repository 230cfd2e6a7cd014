// Who hears of alerts: endpoints that are called, and addresses that get mail.

import { isIP } from 'node:net';

import type {
  AlertEndpoint,
  AlertRecipient,
  ALERT_KINDS as KINDS_OF_CONTRACT,
} from '@turnpike/contract/alerts.ts';
import type { ManagementError } from '@turnpike/contract/errors.ts';
import { ENDPOINTS_MAX, RECIPIENTS_MAX } from '@turnpike/contract/limits.ts';

import type { AlertKind } from '../domain/alerts/alert-event.ts';
import { isPublicAddress } from '../lib/public-address.ts';
import { SECRET_BYTES, secretOf } from '../domain/alerts/signature.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Endpoint, Owner, Recipient } from '../ports/alerts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type Routes =
  | 'listAlertEndpoints'
  | 'addAlertEndpoint'
  | 'changeAlertEndpoint'
  | 'rotateAlertSecret'
  | 'removeAlertEndpoint'
  | 'testAlertEndpoint'
  | 'listAlertRecipients'
  | 'addAlertRecipient'
  | 'removeAlertRecipient';

export function alertListeners(deps: ControlDeps): Pick<Handlers, Routes> {
  return { ...endpoints(deps), ...recipients(deps) };
}

type EndpointRoutes = Exclude<Routes, `${string}Recipient${string}`>;

function endpoints(deps: ControlDeps): Pick<Handlers, EndpointRoutes> {
  const { alerts, newId, randomBytes, facts } = deps;
  const newSecret = (): string => secretOf(randomBytes(SECRET_BYTES));
  return {
    async listAlertEndpoints(input) {
      const owner = await ownerOf(deps, input);
      if (!owner.ok) return owner;
      return ok({ data: (await alerts.endpoints(owner.value)).map(endpointShown) });
    },

    async addAlertEndpoint({ url, description, kinds, ...of }) {
      const owner = await ownerOf(deps, of);
      if (!owner.ok) return owner;
      const refused = refusalOf(deps, url);
      if (refused !== undefined) return err(refused);
      const existing = await alerts.endpoints(owner.value);
      if (existing.length >= ENDPOINTS_MAX) return err(tooMany('endpoints', ENDPOINTS_MAX, 'url'));
      const endpoint = { ...owner.value, id: newId('wh'), url, secret: newSecret() };
      await alerts.addEndpoint({
        ...endpoint,
        ...(description !== undefined && { description }),
        ...(kinds !== undefined && { kinds: known(kinds) }),
      });
      const added = await alerts.endpoint(endpoint.id);
      if (added === undefined) return err(noSuch('endpoint', endpoint.id));
      return ok({ ...endpointShown(added), secret: endpoint.secret });
    },

    async changeAlertEndpoint({ id, url, kinds, enabled }) {
      const refused = url === undefined ? undefined : refusalOf(deps, url);
      if (refused !== undefined) return err(refused);
      const changed = await alerts.changeEndpoint(id, {
        ...(url !== undefined && { url }),
        ...(kinds !== undefined && { kinds: kinds === null ? null : known(kinds) }),
        ...(enabled !== undefined && { enabled }),
      });
      return changed === undefined ? err(noSuch('endpoint', id)) : ok(endpointShown(changed));
    },

    async rotateAlertSecret({ id, overlapHours }) {
      const secret = newSecret();
      const rotated = await alerts.rotateSecret(id, secret, overlapHours * 3_600_000);
      if (rotated === undefined) return err(noSuch('endpoint', id));
      return ok({ ...endpointShown(rotated), secret });
    },

    async removeAlertEndpoint({ id }) {
      return (await alerts.removeEndpoint(id)) ? ok({ id }) : err(noSuch('endpoint', id));
    },

    async testAlertEndpoint({ id }) {
      const event = await alerts.test(id, `test:${id}:${newId('try')}`, facts.nowMs());
      if (event !== undefined) return ok({ event });
      if ((await alerts.endpoint(id)) === undefined) return err(noSuch('endpoint', id));
      const message = `The endpoint ${id} is switched off: switch it on before it is tested.`;
      return err({ code: 'conflict', message, field: 'id' });
    },
  };
}

function recipients(deps: ControlDeps): Pick<Handlers, Exclude<Routes, EndpointRoutes>> {
  const { alerts, newId } = deps;
  return {
    async listAlertRecipients(input) {
      const owner = await ownerOf(deps, input);
      if (!owner.ok) return owner;
      return ok({ data: (await alerts.recipients(owner.value)).map(recipientShown) });
    },

    async addAlertRecipient({ address, kinds, ...of }) {
      const owner = await ownerOf(deps, of);
      if (!owner.ok) return owner;
      const existing = await alerts.recipients(owner.value);
      if (existing.length >= RECIPIENTS_MAX) {
        return err(tooMany('recipients', RECIPIENTS_MAX, 'address'));
      }
      const wanted = { ...owner.value, id: newId('rcp'), address };
      const isNew = await alerts.addRecipient({
        ...wanted,
        ...(kinds !== undefined && { kinds: known(kinds) }),
      });
      const now = await alerts.recipients(owner.value);
      const added = now.find(({ id }) => id === wanted.id);
      if (isNew && added !== undefined) return ok(recipientShown(added));
      const message = `${address} gets these alerts already: remove it first to change what it hears of.`;
      return err({ code: 'conflict', message, field: 'address' });
    },

    async removeAlertRecipient({ id }) {
      return (await alerts.removeRecipient(id)) ? ok({ id }) : err(noSuch('recipient', id));
    },
  };
}

async function ownerOf(
  { accounts }: ControlDeps,
  {
    organisation,
    operator,
  }: { readonly organisation?: string | undefined; readonly operator: boolean },
): Promise<Result<Owner, ManagementError>> {
  if (!operator) {
    const chosen = await chooseOrganisation(accounts, organisation);
    return chosen.ok ? ok({ organisationId: chosen.value.id }) : chosen;
  }
  if (organisation === undefined) return ok({});
  const message = '"operator" and "organisation" exclude each other: leave one of them out.';
  return err({ code: 'invalid-request', message, field: 'operator' });
}

/** What can be seen without looking the name up; the rest is seen when it is called. */
function refusalOf({ privateWebhooks }: ControlDeps, url: string): ManagementError | undefined {
  if (privateWebhooks === true) return undefined;
  const { protocol, hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isInside = host === 'localhost' || (isIP(host) > 0 && !isPublicAddress(host));
  if (protocol === 'https:' && !isInside) return undefined;
  const why = isInside
    ? `${host} is no address of the public internet`
    : 'it must begin with https:';
  const message = `"url": ${why}. For receivers of your own network, start the server with TURNPIKE_PRIVATE_WEBHOOKS=allow.`;
  return { code: 'invalid-request', message, field: 'url' };
}

/** The contract's list and the domain's are one: this does not type-check when one of them has more. */
function known(kinds: readonly (typeof KINDS_OF_CONTRACT)[number][]): readonly AlertKind[] {
  return kinds satisfies readonly AlertKind[];
}

function endpointShown(endpoint: Endpoint): AlertEndpoint {
  const { id, organisationId, url, description, kinds, createdAtMs } = endpoint;
  const { failingSinceMs, disabledAtMs, previousSecretUntilMs } = endpoint;
  const working = failingSinceMs === undefined ? 'on' : 'failing';
  return {
    id,
    organisationId: organisationId ?? null,
    url,
    description: description ?? null,
    kinds: kinds === undefined ? null : [...kinds],
    state: disabledAtMs === undefined ? working : 'off',
    failingSince: instantOf(failingSinceMs),
    previousSecretUntil: instantOf(previousSecretUntilMs),
    createdAt: new Date(createdAtMs).toISOString(),
  };
}

function recipientShown({
  id,
  organisationId,
  address,
  kinds,
  createdAtMs,
}: Recipient): AlertRecipient {
  return {
    id,
    organisationId: organisationId ?? null,
    address,
    kinds: kinds === undefined ? null : [...kinds],
    createdAt: new Date(createdAtMs).toISOString(),
  };
}

function instantOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function noSuch(what: string, id: string): ManagementError {
  return { code: 'not-found', message: `There is no ${what} ${JSON.stringify(id)}.`, field: 'id' };
}

function tooMany(what: string, most: number, field: string): ManagementError {
  return {
    code: 'conflict',
    message: `There are ${most} ${what} already: remove one first.`,
    field,
  };
}
