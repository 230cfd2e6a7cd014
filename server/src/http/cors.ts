// Which pages may call the API of developers from a browser. Off unless the operator names origins. Never with credentials
// that a browser adds by itself: a key is what counts, and a page has to show it. The management API is not part of it.
//
// Source: the Fetch standard, section "CORS protocol".

import type { IncomingMessage, ServerResponse } from 'node:http';

/** `*` among them means every page. */
export type CorsOrigins = readonly string[];

/** Browsers ask no sooner again; Chromium's own bound. */
const PREFLIGHT_SECONDS = 7_200;
const METHODS = 'GET, HEAD, POST, DELETE';
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?: *, *[\w!#$%&'*+.^`|~-]+)*$/;
const HEADER_NAMES_CHARACTERS_MAX = 4_096;

export class Cors {
  readonly #origins: ReadonlySet<string>;
  readonly #isOpen: boolean;

  constructor(origins: CorsOrigins) {
    this.#origins = new Set(origins);
    this.#isOpen = this.#origins.has('*');
  }

  /** Adds what a browser looks for; true where that is the whole answer. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!(request.url ?? '').startsWith('/v1/')) return false;
    const { origin, 'access-control-request-method': wanted } = request.headers;
    // A cache must not give one page what was answered to another.
    if (!this.#isOpen) response.setHeader('vary', 'origin');
    if (origin === undefined || !(this.#isOpen || this.#origins.has(origin))) return false;
    response.setHeader('access-control-allow-origin', this.#isOpen ? '*' : origin);
    if (request.method !== 'OPTIONS' || wanted === undefined) {
      // Of requests without credentials, which all of these are, it means every header.
      response.setHeader('access-control-expose-headers', '*');
      return false;
    }
    this.#answerPreflight(request, response);
    return true;
  }

  /** The official clients send a dozen headers of their own and add to them: what is asked for is allowed. */
  #answerPreflight(request: IncomingMessage, response: ServerResponse): void {
    const asked = request.headers['access-control-request-headers'] ?? '';
    const isList = asked.length <= HEADER_NAMES_CHARACTERS_MAX && HEADER_NAMES.test(asked);
    response.writeHead(204, {
      'access-control-allow-methods': METHODS,
      ...(isList && { 'access-control-allow-headers': asked }),
      'access-control-max-age': String(PREFLIGHT_SECONDS),
    });
    response.end();
  }
}
