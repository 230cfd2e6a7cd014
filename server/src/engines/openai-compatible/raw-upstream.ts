// A server for tests that answers each connection's requests with the very bytes it is told to, in as many writes, so
// that what real servers get wrong can be repeated to the byte.

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

/** `request` is the text of one whole request, `nth` counts them from 1 over all connections. */
export type RawAnswer = (socket: Socket, request: string, nth: number) => void | Promise<void>;

export type RawUpstream = AsyncDisposable & {
  readonly baseUrl: string;
  readonly requests: readonly string[];
  connections(): number;
  /** Requests whose connection was still open when they were last heard of. */
  open(): number;
};

export async function startRawUpstream(answer: RawAnswer): Promise<RawUpstream> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The other side may break the connection at any time: tests look at what it then says itself.
    socket.on('error', () => undefined);
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      for (let end = endOfRequest(heard); end > 0; end = endOfRequest(heard)) {
        requests.push(heard.slice(0, end));
        heard = heard.slice(end);
        void answer(socket, requests.at(-1) ?? '', requests.length);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    baseUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1`,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Where the first request in `heard` ends; 0 while it is not all there. */
function endOfRequest(heard: string): number {
  const head = heard.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const length = Number(/content-length: (\d+)/i.exec(heard.slice(0, head))?.[1] ?? 0);
  const end = head + 4 + length;
  return heard.length >= end ? end : 0;
}

/** A whole response with its length. */
export function response(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const all = {
    'content-type': 'application/json',
    ...headers,
    'content-length': Buffer.byteLength(body),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n${body}`;
}

/** A stream whose body ends with the connection, as HTTP/1.0 servers and some proxies send it. */
export function openStream(body = ''): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${body}`;
}

/** A stream in one response with its length. */
export function stream(body: string): string {
  return response(200, body, { 'content-type': 'text/event-stream' });
}

export function event(json: unknown): string {
  return `data: ${JSON.stringify(json)}\n\n`;
}

/** A chunk of Chat Completions with this delta. */
export function delta(fields: object, finishReason?: string): string {
  return event({ choices: [{ index: 0, delta: fields, finish_reason: finishReason ?? null }] });
}
