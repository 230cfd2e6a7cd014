// One answer on its way to the client, whole or streamed: until its first byte it can still become a refusal with a
// status of its own, after it only an error inside the stream.

import type { Part } from '../domain/generation/part.ts';
import type { Usage } from '../domain/generation/usage.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Encoder, Protocol } from '../protocols/protocol.ts';
import type { Headers, Sink } from './sink.ts';

type Finish = Extract<Part, { readonly kind: 'finish' }>;

export class Answer {
  readonly #protocol: Protocol;
  readonly #encoder: Encoder;
  readonly #sink: Sink;
  readonly #requestId: string;
  readonly #whole: boolean;

  constructor(
    protocol: Protocol,
    encoder: Encoder,
    sink: Sink,
    facts: { readonly requestId: string; readonly delivery: 'whole' | 'stream' },
  ) {
    this.#protocol = protocol;
    this.#encoder = encoder;
    this.#sink = sink;
    this.#requestId = facts.requestId;
    this.#whole = facts.delivery === 'whole';
    if (!this.#whole) sink.begin(this.#headers(), encoder.heartbeat);
  }

  /** Undefined when the client keeps up, so that the common case costs no promise. */
  send(parts: readonly Part[]): Promise<void> | undefined {
    const text = this.#encoder.parts(parts);
    if (text === '' || this.#sink.signal.aborted) return undefined;
    return this.#sink.write(text);
  }

  finish({ reason, stopSequence }: Finish, usage: Usage, receipt: Headers): void {
    const text = this.#encoder.finish(reason, usage, stopSequence);
    if (this.#whole) {
      this.#sink.answer(200, { ...this.#headers(), ...receipt }, text);
    } else {
      this.#sink.end(text);
    }
  }

  refuse(refusal: Refusal): void {
    if (this.#sink.opened) {
      this.#sink.end(this.#encoder.fail(refusal));
    } else {
      const { status, headers, body } = this.#protocol.refusal(refusal, this.#requestId);
      this.#sink.answer(status, headers, body);
    }
  }

  /** An answer that the client has in full but that is in no ledger must not look complete. */
  abandon(refusal: Refusal): void {
    if (this.#sink.opened) this.#sink.destroy();
    else this.refuse(refusal);
  }

  #headers(): Headers {
    return {
      'content-type': this.#encoder.contentType,
      ...this.#protocol.headers(this.#requestId),
    };
  }
}
