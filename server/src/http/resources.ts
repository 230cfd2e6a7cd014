// The addresses of what is kept: Fastify finds them, and the request goes to the gateway as it came.

import type { FastifyInstance } from 'fastify';
import { serveResource } from '../gateway/resources.ts';
import type { Protocols } from './dialect.ts';
import type { Generations } from './generations.ts';

export function mountResources(
  app: FastifyInstance,
  protocols: Protocols,
  generations: Generations,
): void {
  for (const protocol of protocols) {
    for (const resource of protocol.resources ?? []) {
      app.route({
        // Node writes no body to a HEAD; what is asked is the same.
        method: resource.method === 'GET' ? ['GET', 'HEAD'] : resource.method,
        exposeHeadRoute: false,
        url: resource.path,
        // Before Fastify reads the body: it is read, bounded and refused as that of a generation.
        onRequest: (request, reply) => {
          reply.hijack();
          const params = request.params as { [name: string]: string }; // of the path, decoded
          const query = new URL(request.raw.url ?? '', 'http://localhost').searchParams;
          // A stream is all body.
          if (request.method === 'HEAD') query.delete('stream');
          generations.handle(
            {
              refusal: (...why) => protocol.refusal(...why),
              run: (gateway, call, sink) =>
                serveResource(gateway, { protocol, resource }, call, { params, query }, sink),
            },
            request.raw,
            reply.raw,
          );
        },
        handler: () => undefined,
      });
    }
  }
}
