// What a developer may read besides generations: the models, the status, and the probes for load balancers.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import { authenticate } from '../gateway/authenticate.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { modelsFor } from '../gateway/model-for.ts';
import { assert } from '../lib/assert.ts';
import { newRequestId } from '../lib/ids.ts';
import type { KeysSee, Receipts } from '../ports/receipts.ts';
import type { ModelFacts, ModelPages, Protocol } from '../protocols/protocol.ts';
import { authorizationOf } from './authorization.ts';
import { dialectOf, type Protocols } from './dialect.ts';

export type PublicFacts = {
  readonly version: string;
  /** True when PostgreSQL answers. */
  storeReady(): Promise<boolean>;
  /** Absent: nobody can read here what was charged. */
  readonly receipts?: Receipts;
  /** Absent: what its organisation has. */
  readonly keysSee?: KeysSee;
};

type Refusal = Parameters<Protocol['refusal']>[0];

export function mountPublicRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  protocols: Protocols,
  facts: PublicFacts,
): void {
  const startedMs = gateway.clock.monotonicMs();
  const refuse = (request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply => {
    const requestId = newRequestId(gateway.clock.nowMs());
    const { status, headers, body } = dialectOf(protocols, request).refusal(refusal, requestId);
    return reply.code(status).headers(headers).send(body);
  };
  const forCallers =
    (handle: (request: FastifyRequest, reply: FastifyReply, caller: KeyEntry) => FastifyReply) =>
    (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      const caller = authenticate(gateway.snapshot(), authorizationOf(request.headers));
      if (!caller.ok) return refuse(request, reply, caller.error);
      const requestId = newRequestId(gateway.clock.nowMs());
      const headers = dialectOf(protocols, request).headers(requestId);
      return handle(request, reply.headers(headers), caller.value);
    };

  app.get(
    '/v1/models',
    forCallers((request, reply, caller) => {
      const query = request.query as { [name: string]: unknown }; // Fastify's parser makes an object
      const page = modelPages(protocols, request).list(factsFor(gateway, caller), query);
      return page.ok ? reply.send(page.value) : refuse(request, reply, page.error);
    }),
  );

  app.get(
    '/v1/models/*',
    forCallers((request, reply, caller) => {
      const id = (request.params as { '*': string })['*']; // the route's own wildcard, decoded
      const model = factsFor(gateway, caller).find((candidate) => candidate.id === id);
      return model === undefined
        ? refuse(request, reply, { kind: 'model-not-found', model: id })
        : reply.send(modelPages(protocols, request).one(model));
    }),
  );

  app.get('/v1/status', (request, reply) => {
    // Without a key it says how all is going, and names no model: whose they are is not known.
    const caller = authenticate(gateway.snapshot(), authorizationOf(request.headers));
    const models = caller.ok ? modelsFor(gateway, caller.value) : [];
    return reply.send({
      status: overall(gateway),
      version: facts.version,
      uptime_seconds: Math.floor((gateway.clock.monotonicMs() - startedMs) / 1000),
      models: models.map(({ model: { id, engine } }) => ({ id, state: engine.state().kind })),
    });
  });

  // Claude Code asks for it before its first request, to see that somebody is there. Fastify answers HEAD as it does GET.
  app.get('/api/hello', (_request, reply) => reply.send({ message: 'hello' }));
  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const store = await facts.storeReady();
    const ready = store && overall(gateway) !== 'down';
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', store });
  });
}

function factsFor(gateway: Gateway, caller: KeyEntry): ModelFacts[] {
  return modelsFor(gateway, caller).map(({ model, pinned: { version, price } }) => ({
    ...model,
    price: { version, perMillion: price },
  }));
}

function modelPages(protocols: Protocols, request: FastifyRequest): ModelPages {
  const pages = dialectOf(protocols, request).models ?? protocols[0].models;
  assert(pages !== undefined, 'the first protocol shows models');
  return pages;
}

function overall(gateway: Gateway): 'operational' | 'degraded' | 'down' | 'stopping' {
  if (gateway.load.stopping) return 'stopping';
  const states = [...gateway.models.values()].map(({ engine }) => engine.state().kind);
  if (states.every((state) => state === 'ready')) return 'operational';
  return states.some((state) => state === 'ready') ? 'degraded' : 'down';
}
