// One connection on which PostgreSQL's notifications arrive, for everybody in this process who wants to hear of something.
// It may be lost, or there may be a pooler between that lets none through: whoever listens polls as well.

import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { type Address, connect } from './connection.ts';

/** Each listener tells itself something on it, to know whether it hears. */
const ECHO_CHANNEL = 'turnpike_echo';
const LISTEN_RETRY_MS = 1_000;

export type Channels = Readonly<Record<string, (payload: string) => void>>;

export class Listener implements AsyncDisposable {
  readonly #address: Address;
  readonly #channels: Channels;
  readonly #timer: NodeJS.Timeout;
  #client: pg.Client | undefined;
  #connecting: Promise<void> | undefined;
  #heard = false;
  #closed = false;

  constructor(address: Address, channels: Channels) {
    this.#address = address;
    this.#channels = channels;
    this.#timer = setInterval(() => this.#keepUp(), LISTEN_RETRY_MS).unref();
    this.#keepUp();
  }

  /** Whether notifications are known to arrive. */
  get hears(): boolean {
    return this.#client !== undefined && this.#heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#connecting;
    await this.#client?.end();
  }

  #keepUp(): void {
    if (this.#client !== undefined || this.#closed) return;
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
  }

  async #connect(): Promise<void> {
    const connected = await connect(this.#address);
    if (!connected.ok) return;
    const client = connected.value;
    const echo = randomUUID();
    this.#heard = false;
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel !== ECHO_CHANNEL) this.#channels[channel]?.(payload);
      else if (payload === echo) this.#heard = true;
    });
    client.on('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    try {
      for (const channel of [ECHO_CHANNEL, ...Object.keys(this.#channels)]) {
        await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      }
      await client.query('SELECT pg_notify($1, $2)', [ECHO_CHANNEL, echo]);
      if (this.#closed) await client.end();
      else this.#client = client;
    } catch {
      await client.end(); // Lost at once: it is tried again.
    }
  }
}
