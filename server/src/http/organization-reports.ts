// Usage and costs of an organisation, in the shapes that tools of finance know. An admin key opens them and nothing else does;
// it is looked up at each request, so that while PostgreSQL is away they stay closed.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hashKey, keyKind } from '../domain/accounts/key.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { PricesThen } from '../domain/reports/prices-then.ts';
import type { UsageSum } from '../domain/reports/usage-ask.ts';
import { authenticate, bearerOf } from '../gateway/authenticate.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { assert } from '../lib/assert.ts';
import { newRequestId } from '../lib/ids.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { AdminKeys } from '../ports/admin-keys.ts';
import type { UsageReports } from '../ports/usage-reports.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { ReportPage, ReportProtocol, ReportRoute } from '../protocols/report-protocol.ts';
import { authorizationOf } from './authorization.ts';
import type { Protocols } from './dialect.ts';

export type Reports = {
  readonly protocols: readonly ReportProtocol[];
  readonly adminKeys: AdminKeys;
  readonly usage: UsageReports;
};

const RETRY_AFTER_MS = 1_000;
const AWAY: Refusal = { kind: 'storage-unavailable', retryAfterMs: RETRY_AFTER_MS };

export function mountOrganizationReports(
  app: FastifyInstance,
  gateway: Gateway,
  protocols: Protocols,
  reports: Reports,
): void {
  for (const { dialect: name, routes } of reports.protocols) {
    const dialect = protocols.find((protocol) => protocol.name === name) ?? protocols[0];
    for (const route of routes) {
      app.get(route.path, async (request, reply) => {
        const requestId = newRequestId(gateway.clock.nowMs());
        const answer = await answerOf(gateway, reports, route, request);
        if (!answer.ok) return refuse(dialect, reply, answer.error, requestId);
        return reply.headers(dialect.headers(requestId)).send(answer.value);
      });
    }
  }
}

async function answerOf(
  gateway: Gateway,
  { adminKeys, usage }: Reports,
  route: ReportRoute,
  request: FastifyRequest,
): Promise<Result<object, Refusal>> {
  try {
    const organisationId = await organisationOf(gateway, adminKeys, request);
    if (!organisationId.ok) return organisationId;
    const query = new URL(request.raw.url ?? '', 'http://localhost').searchParams;
    const page = route.read(query, gateway.clock.nowMs());
    if (!page.ok) return page;
    const sums = await sumsOf(usage, organisationId.value, page.value);
    if (sums === undefined) return err(TOO_MANY);
    return ok(route.show(page.value, sums, await pricesOf(usage, sums)));
  } catch (error) {
    gateway.log.error({ err: error }, 'a report on usage failed');
    return err(AWAY);
  }
}

const TOO_MANY: Refusal = {
  kind: 'invalid-request',
  field: 'group_by',
  message:
    'A page with these groups would have more results than fit: ask for fewer buckets, or group by less.',
};

async function organisationOf(
  gateway: Gateway,
  adminKeys: AdminKeys,
  request: FastifyRequest,
): Promise<Result<string, Refusal>> {
  const authorization = authorizationOf(request.headers);
  const key = authorization === undefined ? undefined : bearerOf(authorization);
  if (key === undefined || keyKind(key) !== 'admin') {
    const caller = authenticate(gateway.snapshot(), authorization);
    return err(caller.ok ? { kind: 'admin-key-required' } : caller.error);
  }
  const found = await adminKeys.find(hashKey(key));
  if (found === undefined) return err({ kind: 'unauthenticated', reason: 'unknown' });
  if (found.revokedAtMs !== undefined) return err({ kind: 'unauthenticated', reason: 'revoked' });
  return ok(found.organisationId);
}

async function sumsOf(
  usage: UsageReports,
  organisationId: string,
  { ask }: ReportPage,
): Promise<readonly UsageSum[] | undefined> {
  return ask === undefined ? [] : usage.sums({ ...ask, organisationId });
}

async function pricesOf(usage: UsageReports, sums: readonly UsageSum[]): Promise<PricesThen> {
  const versions = sums.flatMap(({ key }) => (key.price === undefined ? [] : [Number(key.price)]));
  if (versions.length === 0) return () => undefined;
  assert(versions.every(Number.isInteger), 'a version of a price book is a number');
  return usage.pricesOf([...new Set(versions)]);
}

function refuse(
  dialect: Protocol,
  reply: FastifyReply,
  refusal: Refusal,
  requestId: string,
): FastifyReply {
  const { status, headers, body } = dialect.refusal(refusal, requestId);
  return reply.code(status).headers(headers).send(body);
}
