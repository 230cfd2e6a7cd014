// A JSON body for every address that does not exist and every method that an address does not take.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from '../domain/refusal.ts';
import { newRequestId } from '../lib/ids.ts';
import { dialectOf, type Protocols } from './dialect.ts';

/** Call before any route is added: it learns them as they are. */
export function mountNotFound(
  app: FastifyInstance,
  protocols: Protocols,
  elsewhere: ReadonlyMap<string, readonly string[]>,
): void {
  const routes: { readonly pattern: RegExp; readonly method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/:[^/]+/g, '[^/]+').replace('*', '.+')}$`);
    for (const one of [method].flat()) routes.push({ pattern, method: one });
  });

  // An id in another address's pattern must not catch one of ours: nothing is a response with the id `compact`.
  app.addHook('onRequest', (request, reply, done) => {
    const [path = ''] = request.url.split('?');
    if (request.is404) return done();
    // An id of no characters is none.
    if (/^\/v1\/.*\/$/.test(path)) return void refuse(request, reply, path, []);
    const own = elsewhere.get(path);
    const isRouted = request.routeOptions.url === path && !wantsWebSocket(request);
    if (own === undefined || isRouted) return done();
    void refuse(request, reply, path, own);
  });

  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const allowed = [
      ...(elsewhere.get(path) ?? []),
      ...routes.filter(({ pattern }) => pattern.test(path)).map((route) => route.method),
    ];
    return refuse(request, reply, path, allowed);
  });

  function refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    path: string,
    allowed: readonly string[],
  ): FastifyReply {
    const { status, headers, body } = dialectOf(protocols, request).refusal(
      refusalOf(request, path, allowed),
      newRequestId(Date.now()),
    );
    return reply.code(status).headers(headers).send(body);
  }
}

function wantsWebSocket({ headers }: FastifyRequest): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

function refusalOf(request: FastifyRequest, path: string, allowed: readonly string[]): Refusal {
  const { method } = request;
  if (allowed.length === 0) return { kind: 'route-not-found', method, path };
  // Codex asks seven times after any other answer than this one's 426.
  if (wantsWebSocket(request)) return { kind: 'websocket-not-served', path };
  return { kind: 'method-not-allowed', method, path, allowed: [...new Set(allowed)] };
}
