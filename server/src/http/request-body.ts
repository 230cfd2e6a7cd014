// Reads a JSON body: bounded, valid UTF-8, valid JSON; each way to be wrong is a refusal that says how.

import type { IncomingMessage } from 'node:http';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { joined } from '../lib/json-slices.ts';
import { JSON_BOUNDS, REQUEST_BODY_BYTES_MAX, REQUEST_TIMEOUT_MS } from '../limits.ts';
import { AT_ONCE_BYTES_MAX, parseJsonText } from '../lib/json-text.ts';

export class JsonBody {
  readonly #request: IncomingMessage;
  #bytes = 0;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  /** Once it was read: whether work on it must leave others their turn. */
  get isLarge(): boolean {
    return this.#bytes > AT_ONCE_BYTES_MAX;
  }

  async read(): Promise<Result<unknown, Refusal>> {
    const unsupported = unsupportedMediaType(this.#request);
    if (unsupported !== undefined) return err(unsupported);
    const body = await readBody(this.#request);
    if (!body.ok) return body;
    const { chunks, bytes } = body.value;
    this.#bytes = bytes;
    const [only] = chunks;
    if (only !== undefined && chunks.length === 1) return await parseJson(only);
    return await parseJson(this.isLarge ? await joined(chunks) : Buffer.concat(chunks));
  }
}

type Chunks = { readonly chunks: readonly Buffer[]; readonly bytes: number };

function unsupportedMediaType(request: IncomingMessage): Refusal | undefined {
  const { 'content-type': contentType = '', 'content-encoding': encoding = 'identity' } =
    request.headers;
  if (encoding !== 'identity') {
    return { kind: 'unsupported-media-type', contentType: `content-encoding: ${encoding}` };
  }
  if (/^application\/(?:[\w.-]+\+)?json *(?:;|$)/i.test(contentType)) return undefined;
  return { kind: 'unsupported-media-type', contentType };
}

const TOO_LARGE: Refusal = { kind: 'body-too-large', bytesMax: REQUEST_BODY_BYTES_MAX };

function readBody(request: IncomingMessage): Promise<Result<Chunks, Refusal>> {
  if (Number(request.headers['content-length'] ?? 0) > REQUEST_BODY_BYTES_MAX) {
    return Promise.resolve(err(TOO_LARGE));
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= REQUEST_BODY_BYTES_MAX) chunks.push(chunk);
      else resolve(err(TOO_LARGE));
    });
    // `on` although each comes once: a `once` costs a wrapper and its removal, and the request goes away soon.
    request.on('end', () => resolve(ok({ chunks, bytes })));
    // The client left, or the server's request timeout cut the connection: nobody reads the answer.
    request.on('close', () => {
      if (!request.complete) resolve(err({ kind: 'request-timeout', afterMs: REQUEST_TIMEOUT_MS }));
    });
    request.on('error', () => resolve(err({ kind: 'malformed-http' })));
  });
}

async function parseJson(body: Buffer): Promise<Result<unknown, Refusal>> {
  if (body.length === 0) return invalid('The request body is empty; send a JSON object.');
  const parsed = await parseJsonText(body, JSON_BOUNDS);
  return parsed.ok ? parsed : invalid(`The request body can't be read as JSON: ${parsed.error}.`);
}

function invalid(message: string): Result<never, Refusal> {
  return err({ kind: 'invalid-request', message });
}
