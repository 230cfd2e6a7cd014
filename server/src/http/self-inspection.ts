// What a key may read of itself and of what it was charged: GET /v1/requests/{id} and GET /v1/key.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import { identify } from '../gateway/authenticate.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { modelsFor } from '../gateway/model-for.ts';
import { keyShown, receiptShown } from '../gateway/receipt-shown.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { newRequestId } from '../lib/ids.ts';
import { RETRY_AFTER_LEDGER_MS } from '../limits.ts';
import type { KeysSee, Receipts } from '../ports/receipts.ts';
import { authorizationOf } from './authorization.ts';
import { dialectOf, type Protocols } from './dialect.ts';
import type { Protocol } from '../protocols/protocol.ts';

type Refusal = Parameters<Protocol['refusal']>[0];

type Answered = Promise<Result<object, Refusal>>;
type Handle = (caller: KeyEntry, request: FastifyRequest) => Answered;

const AWAY: Refusal = { kind: 'storage-unavailable', retryAfterMs: RETRY_AFTER_LEDGER_MS };

/** Answers carry the digits of their request: whoever kept an answer's id alone finds its receipt too. */
const ANSWER_ID = /^(?:chatcmpl-|cmpl-|resp_|msg_)(?<digits>[0-9a-f]{32})$/;

function requestIdOf(id: string): string {
  const digits = ANSWER_ID.exec(id)?.groups?.['digits'];
  return digits === undefined ? id : `req_${digits}`;
}

type Inspected = { readonly receipts: Receipts; readonly keysSee: KeysSee };

export function mountSelfInspection(
  app: FastifyInstance,
  gateway: Gateway,
  protocols: Protocols,
  { receipts, keysSee }: Inspected,
): void {
  const forCallers = (handle: Handle) => async (request: FastifyRequest, reply: FastifyReply) => {
    const requestId = newRequestId(gateway.clock.nowMs());
    const dialect = dialectOf(protocols, request);
    const caller = identify(gateway.snapshot(), authorizationOf(request.headers));
    const answer = caller.ok ? await handle(caller.value, request) : caller;
    // Answers hold balances.
    void reply.header('cache-control', 'no-store');
    if (answer.ok) return reply.headers(dialect.headers(requestId)).send(answer.value);
    const { status, headers, body } = dialect.refusal(answer.error, requestId);
    return reply.code(status).headers(headers).send(body);
  };

  app.get(
    '/v1/requests/:id',
    forCallers(async (caller, request) => {
      const { id } = request.params as { id: string }; // the route's own parameter
      const found = await receipts.receipt(caller, requestIdOf(id));
      if (!found.ok) return err(AWAY);
      if (found.value === undefined) return err({ kind: 'not-found', what: 'request', id });
      return ok(receiptShown(found.value));
    }),
  );

  app.get(
    '/v1/key',
    forCallers(async (caller) => {
      const facts = await receipts.keyFacts(caller.keyId, gateway.clock.nowMs());
      if (!facts.ok) return err(AWAY);
      if (facts.value === undefined) return err({ kind: 'unauthenticated', reason: 'unknown' });
      const offered = modelsFor(gateway, caller);
      const scope = gateway.snapshot().freezes?.of(caller)?.scope;
      const owes = caller.frozen === true && ({ scope: 'organisation', why: 'debt' } as const);
      const frozen = scope === undefined ? owes : ({ scope, why: 'operator' } as const);
      const around = { offered, keysSee, ...(frozen !== false && { frozen }) };
      return ok(keyShown(caller, facts.value, around));
    }),
  );
}
