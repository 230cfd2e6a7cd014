// A client connection of the load generator: keep-alive, TCP_NODELAY, one reply at a time.

import { connect, type Socket } from 'node:net';
import { HttpReader, type MessageSink } from '../wire/http-reader.ts';

export type ConnectionEvents = MessageSink & {
  /** The connection ended before its owner closed it. */
  onBroken(reason: string): void;
};

// One buffer for all connections: each read is consumed before the next one begins, so nothing is copied or kept.
const READ_BUFFER = Buffer.allocUnsafe(256 * 1024);

export class Connection {
  readonly #socket: Socket;
  #closed = false;

  constructor(port: number, events: ConnectionEvents) {
    const reader = new HttpReader(events);
    const broken = (reason: string): void => {
      if (this.#closed) return;
      this.close();
      events.onBroken(reason);
    };
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (size) => {
          if (this.#closed) return true;
          try {
            reader.push(READ_BUFFER.subarray(0, size));
          } catch (error) {
            broken(error instanceof Error ? error.message : String(error));
          }
          return true;
        },
      },
    });
    this.#socket.once('error', (error) => broken(error.message));
    this.#socket.once('close', () => broken('The server closed the connection.'));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Writes the pieces each in a turn of its own, so that each leaves as its own segment. */
  writePieces(pieces: readonly Buffer[]): void {
    const [first, ...rest] = pieces;
    if (first === undefined || this.#closed) return;
    this.#socket.write(first);
    setImmediate(() => this.writePieces(rest));
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}
