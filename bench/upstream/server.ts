// A scripted OpenAI-compatible server on raw sockets: it answers at once or at a fixed pace, and counts what it does.
//
// `PUT /script` changes the script, `GET /counts` tells what has happened; neither is part of what it imitates.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { HttpReader } from '../wire/http-reader.ts';
import { Generation } from './generation.ts';
import { Pacer } from './pacer.ts';
import { errorReply, MODELS_REPLY, PLAIN_REPLY, PLAIN_REPLY_PIECES, reply } from './replies.ts';
import { DEFAULT_SCRIPT, parseScript, type Script } from './script.ts';

export type Counts = {
  connections: number;
  requests: number;
  live: number;
  finished: number;
  aborted: number;
};

export type Upstream = {
  readonly port: number;
  readonly counts: Readonly<Counts>;
  setScript(script: Partial<Script>): void;
  close(): Promise<void>;
};

const BODY_BYTES_MAX = 33 * 1024 * 1024;
const CONNECTIONS_MAX = 20_000;

/** Starts the upstream on loopback; port 0 takes any free one. */
export async function startUpstream(port: number): Promise<Upstream> {
  const state = new UpstreamState();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, keepAlive: false }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    state.connect(socket);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, port);
  // `as` because a TCP server that listens has an address object.
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    counts: state.counts,
    setScript: (script) => {
      state.script = { ...state.script, ...script };
    },
    close: () => close(server, sockets, state.pacer),
  };
}

class UpstreamState {
  script: Script = DEFAULT_SCRIPT;
  readonly counts: Counts = { connections: 0, requests: 0, live: 0, finished: 0, aborted: 0 };
  readonly pacer = new Pacer();

  connect(socket: Socket): void {
    this.counts.connections += 1;
    const exchange = new Exchange(this, socket);
    const reader = new HttpReader(exchange);
    socket.on('data', (bytes: Buffer) => {
      try {
        reader.push(bytes);
      } catch {
        // What does not speak HTTP gets no answer: it is no client of a benchmark.
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => exchange.closed());
  }
}

/** One connection: reads a request, answers it, reads the next. */
class Exchange {
  readonly #state: UpstreamState;
  readonly #socket: Socket;
  #target = '';
  #body = '';
  #live = false;

  constructor(state: UpstreamState, socket: Socket) {
    this.#state = state;
    this.#socket = socket;
  }

  onHead(head: string): void {
    this.#target = head.slice(0, head.indexOf(' HTTP/'));
    this.#body = '';
    // A second request before the reply to the first is a defect of the gateway under test: show it, do not hide it.
    if (this.#live) this.#socket.destroy();
  }

  onBody(bytes: Buffer): void {
    this.#body += bytes.toString('latin1');
    if (this.#body.length > BODY_BYTES_MAX) this.#socket.destroy();
  }

  onEnd(): void {
    if (this.#target === 'POST /v1/chat/completions') this.#generate();
    else this.#socket.write(this.#other());
  }

  closed(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#state.counts.live -= 1;
    this.#state.counts.aborted += 1;
  }

  #generate(): void {
    const { counts, script, pacer } = this.#state;
    counts.requests += 1;
    counts.live += 1;
    this.#live = true;
    const work = this.#isStream()
      ? new Generation(this.#socket, script, /"include_usage" ?: ?true/.test(this.#body), () =>
          this.#finish(),
        )
      : { wake: () => this.#plain(script) };
    const now = performance.now();
    const due = script.firstTokenMs === 0 ? work.wake(now) : now + script.firstTokenMs;
    if (due !== undefined) pacer.add(work, due);
  }

  // Inside a JSON string the quotes would be escaped, so this finds the member and not some text that mentions it.
  #isStream(): boolean {
    return /"stream" ?: ?true/.test(this.#body);
  }

  #plain(script: Script): undefined {
    if (this.#socket.destroyed) return;
    if (script.splitReply) return this.#split(0);
    this.#socket.write(PLAIN_REPLY);
    this.#finish();
  }

  #split(index: number): undefined {
    const piece = PLAIN_REPLY_PIECES[index];
    if (piece !== undefined) this.#socket.write(piece);
    if (index >= PLAIN_REPLY_PIECES.length - 1) return this.#finish();
    setImmediate(() => this.#split(index + 1));
  }

  #finish(): undefined {
    if (!this.#live) return;
    this.#live = false;
    this.#state.counts.live -= 1;
    this.#state.counts.finished += 1;
  }

  #other(): string | Buffer {
    switch (this.#target) {
      case 'GET /v1/models':
        return MODELS_REPLY;
      case 'GET /counts':
        return reply('200 OK', JSON.stringify(this.#state.counts));
      case 'PUT /script': {
        const script = parseScript(this.#body, this.#state.script);
        if ('error' in script) return errorReply('400 Bad Request', script.error);
        this.#state.script = script;
        return reply('200 OK', JSON.stringify(script));
      }
      default:
        return errorReply(
          '404 Not Found',
          'The scripted upstream serves /v1/chat/completions and /v1/models.',
        );
    }
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, backlog: 4096 }, () => resolve());
  });
}

function close(server: Server, sockets: Set<Socket>, pacer: Pacer): Promise<void> {
  pacer.stop();
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
