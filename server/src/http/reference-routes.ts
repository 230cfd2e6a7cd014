// The reference of the API, for machines and for people. Neither needs a key: nobody can ask for one before reading.

import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../reference/document.ts';
import { referencePage } from '../reference/page.ts';

/** The page brings its own style and runs nothing. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function mountReference(app: FastifyInstance, version: string): void {
  const document = openApiDocument(version);
  app.get('/openapi.json', (_request, reply) =>
    reply.header('access-control-allow-origin', '*').send(document),
  );
  app.get('/docs/api', (request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', PAGE_POLICY)
      .send(referencePage(document, `${request.protocol}://${request.host}`)),
  );
}
