// The HTTP server: generations go straight to the gateway, everything else through Fastify's router.
//
// Why not all through Fastify: a plain generation costs the whole gateway about 100 µs of CPU, and routing, hooks and
// serialisation that it does not use would be a tenth of that.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { countTokens } from '../gateway/count-tokens.ts';
import { embed } from '../gateway/embed.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { serve } from '../gateway/serve.ts';
import {
  CONNECTIONS_MAX,
  DRAIN_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  REQUEST_HEADER_BYTES_MAX,
  REQUEST_HEADERS_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
} from '../limits.ts';
import { newRequestId } from '../lib/ids.ts';
import type { EmbeddingProtocol } from '../protocols/embedding-protocol.ts';
import { answerClientError } from './client-error.ts';
import { Cors, type CorsOrigins } from './cors.ts';
import { pathOf, type Protocols } from './dialect.ts';
import { Generations, type Operation } from './generations.ts';
import { mountOrganizationReports, type Reports } from './organization-reports.ts';
import { mountNotFound } from './not-found.ts';
import { mountResources } from './resources.ts';
import { mountPublicRoutes, type PublicFacts } from './public-routes.ts';
import { mountReference } from './reference-routes.ts';
import { mountSelfInspection } from './self-inspection.ts';
import { WebSockets } from './web-sockets.ts';

export type HttpOptions = {
  readonly gateway: Gateway;
  readonly protocols: Protocols;
  readonly embeddings?: readonly EmbeddingProtocol[];
  readonly facts: PublicFacts;
  /** Without them a client that asks for one is told to use HTTP. */
  readonly webSockets: boolean;
  /** The pages that may call the API from a browser; none unless told. */
  readonly corsOrigins?: CorsOrigins;
  /** Usage and costs in the shapes of others; absent: their addresses do not exist. */
  readonly reports?: Reports;
  /** Adds the management API; it is no part of what a developer's key can reach. */
  readonly mountManagement: (app: FastifyInstance) => Promise<void>;
  readonly logger: FastifyBaseLogger;
};

export class HttpServer {
  readonly #app: FastifyInstance;
  readonly #generations: Generations;
  readonly #webSockets: WebSockets;
  readonly #gateway: Gateway;
  readonly #cors: Cors | undefined;

  private constructor(options: HttpOptions) {
    const { gateway, protocols } = options;
    const [main] = protocols;
    this.#gateway = gateway;
    const { corsOrigins = [] } = options;
    this.#cors = corsOrigins.length > 0 ? new Cors(corsOrigins) : undefined;
    this.#generations = new Generations(gateway);
    this.#webSockets = new WebSockets(gateway, options.webSockets ? protocols : []);
    const byPath = operations(protocols, options.embeddings ?? []);
    this.#app = fastify({
      serverFactory: (next) => this.#createServer(byPath, next),
      clientErrorHandler: (error, socket) => answerClientError(main, error, socket),
      loggerInstance: options.logger,
      logController: new LogController({ disableRequestLogging: true }),
      // What is too long for an id is an id that nothing has.
      routerOptions: { maxParamLength: REQUEST_HEADER_BYTES_MAX },
      bodyLimit: 1024 * 1024, // the management API's bodies are small
      frameworkErrors: (_error, _request, reply) => {
        const { status, headers, body } = main.refusal({ kind: 'malformed-http' }, 'req_unknown');
        reply.hijack();
        reply.raw.writeHead(status, headers).end(body);
      },
    });
    this.#app.addHook('onSend', (_request, reply, _body, done) => {
      const hasOne = reply.hasHeader('x-request-id');
      if (!hasOne) reply.header('x-request-id', newRequestId(gateway.clock.nowMs()));
      done();
    });
    const elsewhere = new Map([...byPath.keys()].map((path) => [path, ['POST']]));
    mountNotFound(this.#app, protocols, elsewhere);
    mountResources(this.#app, protocols, this.#generations);
    mountPublicRoutes(this.#app, gateway, protocols, options.facts);
    if (options.reports !== undefined)
      mountOrganizationReports(this.#app, gateway, protocols, options.reports);
    const { receipts, keysSee = 'organisation' } = options.facts;
    if (receipts) mountSelfInspection(this.#app, gateway, protocols, { receipts, keysSee });
    mountReference(this.#app, options.facts.version);
  }

  static async create(options: HttpOptions): Promise<HttpServer> {
    const server = new HttpServer(options);
    await options.mountManagement(server.#app);
    return server;
  }

  #createServer(
    byPath: ReadonlyMap<string, Operation>,
    next: (request: IncomingMessage, response: ServerResponse) => void,
  ): Server {
    const server = createServer(
      {
        noDelay: true, // a token must not wait for the acknowledgement of the one before
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        headersTimeout: REQUEST_HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: 2_000,
        maxHeaderSize: REQUEST_HEADER_BYTES_MAX,
        shouldUpgradeCallback: (request) => this.#webSockets.isFor(request),
      },
      (request, response) => {
        if (this.#cors?.handle(request, response) === true) return;
        const operation = request.method === 'POST' ? byPath.get(pathOf(request.url)) : undefined;
        if (operation === undefined) next(request, response);
        else this.#generations.handle(operation, request, response);
      },
    );
    server.on('upgrade', (request, socket, head) =>
      this.#webSockets.upgrade(request, socket, head),
    );
    server.maxConnections = CONNECTIONS_MAX;
    return server;
  }

  /** The address that it listens on, such as `http://127.0.0.1:8080`. Rejects with the system's error. */
  listen(host: string, port: number): Promise<string> {
    return this.#app.listen({ host, port, backlog: 4096 });
  }

  /** Refuses new work, lets running answers end, cuts those that take too long or when `hurry` aborts, and closes. */
  async stop(hurry: AbortSignal): Promise<void> {
    this.#gateway.load.stopping = true;
    const cut = AbortSignal.any([hurry, AbortSignal.timeout(DRAIN_MS)]);
    await Promise.all([
      this.#generations.drain(cut),
      this.#webSockets.drain(cut),
      this.#gateway.background.drain(cut),
    ]);
    this.#app.server.closeIdleConnections();
    const closed = this.#app.close();
    setTimeout(() => this.#app.server.closeAllConnections(), 500).unref();
    await closed;
  }
}

function operations(
  protocols: Protocols,
  embeddings: readonly EmbeddingProtocol[],
): ReadonlyMap<string, Operation> {
  const byPath = new Map<string, Operation>();
  for (const protocol of protocols) {
    const refusal: Operation['refusal'] = (...why) => protocol.refusal(...why);
    const serving: Operation['run'] = (gateway, ...asked) => serve(gateway, protocol, ...asked);
    byPath.set(protocol.route.path, { refusal, run: serving });
    const counting: Operation['run'] = (gateway, ...asked) =>
      countTokens(gateway, protocol, ...asked);
    const { counting: counts } = protocol;
    if (counts !== undefined) byPath.set(counts.path, { refusal, run: counting });
  }
  for (const protocol of embeddings) {
    byPath.set(protocol.route.path, {
      refusal: (...why) => protocol.refusal(...why),
      run: (gateway, ...asked) => embed(gateway, protocol, ...asked),
    });
  }
  return byPath;
}
