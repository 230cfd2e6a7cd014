// What a developer may read besides generations: the models, the status, and the probes for load balancers.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticate } from '../gateway/authenticate.ts';
import type { Gateway, ServedModel } from '../gateway/gateway.ts';
import { newRequestId } from '../lib/ids.ts';
import type { Protocol } from '../protocols/protocol.ts';

export type PublicFacts = {
  readonly version: string;
  /** True when PostgreSQL answers. */
  storeReady(): Promise<boolean>;
};

type Refusal = Parameters<Protocol['refusal']>[0];

export function mountPublicRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  protocol: Protocol,
  facts: PublicFacts,
): void {
  const startedMs = gateway.clock.monotonicMs();
  const refuse = (reply: FastifyReply, refusal: Refusal): FastifyReply => {
    const { status, headers, body } = protocol.refusal(
      refusal,
      newRequestId(gateway.clock.nowMs()),
    );
    return reply.code(status).headers(headers).send(body);
  };
  const forCallers =
    (handle: (request: FastifyRequest, reply: FastifyReply) => FastifyReply) =>
    (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      const caller = authenticate(gateway.snapshot(), request.headers.authorization);
      if (!caller.ok) return refuse(reply, caller.error);
      return handle(request, reply.header('x-request-id', newRequestId(gateway.clock.nowMs())));
    };

  app.get(
    '/v1/models',
    forCallers((_request, reply) =>
      reply.send({ object: 'list', data: sellable(gateway).map(modelObject) }),
    ),
  );

  app.get(
    '/v1/models/*',
    forCallers((request, reply) => {
      const id = (request.params as { '*': string })['*']; // the route's own wildcard, decoded
      const model = sellable(gateway).find((candidate) => candidate.id === id);
      return model === undefined
        ? refuse(reply, { kind: 'model-not-found', model: id })
        : reply.send(modelObject(model));
    }),
  );

  app.get('/v1/status', (_request, reply) =>
    reply.send({
      status: overall(gateway),
      version: facts.version,
      uptime_seconds: Math.floor((gateway.clock.monotonicMs() - startedMs) / 1000),
      models: [...gateway.models.values()].map(({ id, engine }) => ({
        id,
        state: engine.state().kind,
      })),
    }),
  );

  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const store = await facts.storeReady();
    const ready = store && overall(gateway) !== 'down';
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', store });
  });
}

/** A model without a price can't be called, so it is not shown. */
function sellable(gateway: Gateway): ServedModel[] {
  const priced = gateway.snapshot().priceBook?.models;
  return [...gateway.models.values()].filter((model) => priced?.has(model.id) === true);
}

function modelObject(model: ServedModel): object {
  return { id: model.id, object: 'model', created: model.createdAtSeconds, owned_by: 'turnpike' };
}

function overall(gateway: Gateway): 'operational' | 'degraded' | 'down' | 'stopping' {
  if (gateway.load.stopping) return 'stopping';
  const states = [...gateway.models.values()].map(({ engine }) => engine.state().kind);
  if (states.every((state) => state === 'ready')) return 'operational';
  return states.some((state) => state === 'ready') ? 'degraded' : 'down';
}
