// Mounts the management API on the server: who may call it, and from bytes to a handler's validated input and back.

import { createHash, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';

import { ERROR_STATUS, type ManagementError } from '@turnpike/contract/errors.ts';
import { MANAGEMENT_BODY_BYTES_MAX } from '@turnpike/contract/limits.ts';
import {
  MANAGEMENT_PREFIX,
  routes,
  type Route,
  type RouteName,
} from '@turnpike/contract/routes.ts';
import { downloads, type DownloadName } from '@turnpike/contract/downloads.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type * as z from 'zod';

import type { Download, DownloadHandlers } from '../control/downloads.ts';
import type { Handlers } from '../control/handler.ts';
import { err, ok, type Result } from '../lib/result.ts';

export type ManagementOptions = {
  readonly handlers: Handlers;
  /** What is given as files; absent: their addresses do not exist. */
  readonly downloads?: DownloadHandlers;
  /** The secret that the operator's tools show as `Authorization: Bearer …`. */
  readonly adminToken: string;
};

/** Its own corner of the server: hooks, parsers and errors here leave the other routes alone. */
export async function mountManagement(
  app: FastifyInstance,
  { handlers, downloads: files, adminToken }: ManagementOptions,
): Promise<void> {
  const expected = sha256(adminToken);
  await app.register(
    async (corner) => {
      readJsonOnly(corner);
      corner.addHook('onRequest', async (request, reply) => {
        // Answers hold keys and balances.
        void reply.header('cache-control', 'no-store');
        if (!isAdmin(request, expected)) return refuse(reply, unauthenticated(request));
        return undefined;
      });
      corner.setErrorHandler((error, request, reply) => refuse(reply, errorOf(error, request)));
      corner.setNotFoundHandler((request, reply) => refuseUnknown(request, reply));
      for (const name of routeNames()) mountRoute(corner, name, handlers);
      if (files !== undefined) {
        for (const name of downloadNames()) mountDownload(corner, name, files);
      }
    },
    { prefix: MANAGEMENT_PREFIX },
  );
}

function routeNames(): readonly RouteName[] {
  return Object.keys(routes) as RouteName[]; // the table is a constant: its keys are exactly its type's
}

function mountRoute(corner: FastifyInstance, name: RouteName, handlers: Handlers): void {
  const route: Route = routes[name];
  // The schema of the same route parses what the handler gets; the compiler can't follow that through the union.
  const handle = handlers[name] as (input: unknown) => Promise<Result<unknown, ManagementError>>;
  corner.route({
    method: route.method,
    url: route.path,
    bodyLimit: MANAGEMENT_BODY_BYTES_MAX,
    handler: async (request, reply) => {
      const input = inputOf(route, request);
      if (!input.ok) return refuse(reply, input.error);
      const answer = await handle(input.value);
      return answer.ok ? reply.send(answer.value) : refuse(reply, answer.error);
    },
  });
}

function downloadNames(): readonly DownloadName[] {
  return Object.keys(downloads) as DownloadName[]; // as of routes
}

function mountDownload(corner: FastifyInstance, name: DownloadName, files: DownloadHandlers): void {
  const { path, input: schema } = downloads[name];
  // As in mountRoute.
  const handle = files[name] as (input: unknown) => Promise<Result<Download, ManagementError>>;
  corner.get(path, async (request, reply) => {
    const input = inputOf({ method: 'GET', input: schema }, request);
    if (!input.ok) return refuse(reply, input.error);
    const file = await handle(input.value);
    if (!file.ok) return refuse(reply, file.error);
    const { contentType, fileName, body } = file.value;
    void reply.type(contentType);
    void reply.header('content-disposition', `attachment; filename="${fileName}"`);
    return reply.send(Readable.from(body, { objectMode: false }));
  });
}

function readJsonOnly(corner: FastifyInstance): void {
  corner.removeAllContentTypeParsers();
  corner.addContentTypeParser('application/json', { parseAs: 'string' }, (_, text, done) => {
    try {
      done(null, text === '' ? {} : JSON.parse(String(text)));
    } catch {
      done(Object.assign(new Error('The body is not valid JSON.'), { statusCode: 400 }));
    }
  });
}

function isAdmin(request: FastifyRequest, expected: Buffer): boolean {
  const match = /^Bearer (?<token>\S+)$/i.exec(request.headers.authorization ?? '');
  const token = match?.groups?.['token'];
  // Digests have one length, so the comparison takes one time, whatever was sent.
  return token !== undefined && timingSafeEqual(sha256(token), expected);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function inputOf(
  route: Pick<Route, 'method' | 'input'>,
  request: FastifyRequest,
): Result<unknown, ManagementError> {
  const fields = fieldsOf(route, request);
  if (!fields.ok) return fields;
  const parsed = route.input.safeParse(fields.value);
  return parsed.success ? ok(parsed.data) : err(invalid(parsed.error));
}

type Fields = { readonly [name: string]: unknown };

function fieldsOf(
  route: Pick<Route, 'method'>,
  request: FastifyRequest,
): Result<Fields, ManagementError> {
  const query = isFields(request.query) ? request.query : {};
  const params = isFields(request.params) ? request.params : {};
  if (route.method === 'GET') return ok({ ...query, ...params });
  const [stray] = Object.keys(query);
  if (stray !== undefined) {
    const message = `"${stray}" stands in the query: a POST takes its input from a JSON body.`;
    return err({ code: 'invalid-request', message, field: stray });
  }
  const body = request.body ?? {};
  if (!isFields(body)) {
    return err({ code: 'invalid-request', message: 'The body must be a JSON object.' });
  }
  return ok({ ...body, ...params });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first thing that is wrong, named as the caller wrote it. */
function invalid(error: z.ZodError): ManagementError {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? '';
    return { code: 'invalid-request', message: `There is no field "${field}" here.`, field };
  }
  // Inputs are flat, so the first step of the path is the field; what is behind it, the schema made itself.
  // Up to where a list begins, whose places a query has no names for.
  const path = issue?.path ?? [];
  const list = path.findIndex((step) => typeof step === 'number');
  const field = path.slice(0, list < 0 ? undefined : list).join('.');
  const message = `"${field}": ${issue?.message ?? 'invalid'}.`;
  return { code: 'invalid-request', message, field };
}

function unauthenticated(request: FastifyRequest): ManagementError {
  const message =
    request.headers.authorization === undefined
      ? 'The management API needs the admin token as "Authorization: Bearer …": the server wrote it to the file "admin-token" in its data directory.'
      : 'This is not the admin token of this server: the right one is in the file "admin-token" in its data directory.';
  return { code: 'unauthenticated', message };
}

function errorOf(error: unknown, request: FastifyRequest): ManagementError {
  const status =
    isFields(error) && typeof error['statusCode'] === 'number' ? error['statusCode'] : 500;
  const text = error instanceof Error ? error.message : '';
  if (status === 413) {
    const message = `The body is larger than ${MANAGEMENT_BODY_BYTES_MAX} bytes.`;
    return { code: 'body-too-large', message };
  }
  if (status === 415) {
    const message = 'The body must be JSON, with "content-type: application/json".';
    return { code: 'unsupported-media-type', message };
  }
  if (status >= 400 && status < 500) return { code: 'invalid-request', message: text };
  request.log.error({ err: error }, 'management API failed');
  const message = `Something broke inside the server: its log says what, under the request id ${request.id}.`;
  return { code: 'internal', message };
}

function refuseUnknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0] ?? '';
  const allowed = methodsFor(path);
  if (allowed.length === 0) {
    return refuse(reply, { code: 'not-found', message: `The management API has no ${path}.` });
  }
  const message = `${path} takes ${allowed.join(' and ')}, not ${request.method}.`;
  return refuse(reply.header('allow', allowed.join(', ')), { code: 'method-not-allowed', message });
}

function methodsFor(path: string): readonly string[] {
  return Object.values<Route>(routes)
    .filter((route) => matches(MANAGEMENT_PREFIX + route.path, path))
    .map((route) => route.method);
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => part.startsWith(':') || part === given[at])
  );
}

function refuse(reply: FastifyReply, { code, message, field }: ManagementError): FastifyReply {
  if (code === 'unauthenticated')
    void reply.header('www-authenticate', 'Bearer realm="management"');
  return reply
    .code(ERROR_STATUS[code])
    .send({ error: { code, message, ...(field === undefined ? {} : { field }) } });
}
