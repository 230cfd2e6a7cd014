// What is not even HTTP: half a request, headers without end, a client that never gets to the point.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../domain/refusal.ts';
import { newRequestId } from '../lib/ids.ts';
import { REQUEST_HEADER_BYTES_MAX, REQUEST_TIMEOUT_MS } from '../limits.ts';
import type { Protocol, RefusalAnswer } from '../protocols/protocol.ts';

const LINGER_MS = 500;

export function answerClientError(
  protocol: Protocol,
  error: Error & { readonly code?: string },
  socket: Socket,
): void {
  // What comes after the first error is an error again.
  if (socket.writableEnded) return;
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  answerRaw(socket, protocol.refusal(refusalOf(error.code), newRequestId(Date.now())));
}

/** An answer on a connection that no response of Node's stands for, and its end. */
export function answerRaw(socket: Duplex, { status, headers, body }: RefusalAnswer): void {
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  // What still comes is read away: closing on unread bytes resets the connection, and the answer would be lost.
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function refusalOf(code: string | undefined): Refusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { kind: 'headers-too-large', bytesMax: REQUEST_HEADER_BYTES_MAX };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { kind: 'request-timeout', afterMs: REQUEST_TIMEOUT_MS };
    default:
      return { kind: 'malformed-http' };
  }
}
