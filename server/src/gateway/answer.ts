// One answer on its way to the client, whole or streamed: until its first byte it can still become a refusal with a
// status of its own, after it only an error inside the stream.

import type { Part } from '../domain/generation/part.ts';
import type { Repair } from '../domain/generation/repair.ts';
import { withClientNames } from '../domain/tools/fit-tools.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Encoder, Ending, Protocol } from '../protocols/protocol.ts';
import type { FittedRequest } from './fit-request.ts';
import type { Headers, Sink } from './sink.ts';
import { toldHeaders } from './told-headers.ts';

type AnswerOf = {
  readonly requestId: string;
  readonly delivery: 'whole' | 'stream';
  readonly priceVersion: number;
  /** Fields of the request that have no effect. */
  readonly ignored: readonly string[];
  /** What was changed in the request, and the client's names of its tools and fields. */
  readonly fitted: Omit<FittedRequest, 'generation'>;
};

export class Answer {
  readonly #protocol: Protocol;
  readonly #encoder: Encoder;
  readonly #sink: Sink;
  readonly #of: AnswerOf;
  readonly #whole: boolean;
  readonly #repairs: string[] = [];

  constructor(protocol: Protocol, encoder: Encoder, sink: Sink, of: AnswerOf) {
    this.#protocol = protocol;
    this.#encoder = encoder;
    this.#sink = sink;
    this.#of = of;
    this.#whole = of.delivery === 'whole';
    this.#tell(of.fitted.repairs);
    // The engine may have repairs to tell until its first words.
    if (!this.#whole) sink.begin(() => this.#headers(), encoder.heartbeat);
  }

  /** What was done in another way than the client wrote it, in the client's words. */
  get repairs(): readonly string[] {
    return this.#repairs;
  }

  #tell(repairs: readonly Repair[]): void {
    const { wire } = this.#of.fitted;
    for (const { field, detail } of repairs) {
      const repair = `${wire(field)}: ${detail}`;
      // Several answers have the same ones.
      const isNew = !this.#repairs.includes(repair);
      if (isNew && this.#repairs.length < REPAIRS_MAX) this.#repairs.push(repair);
    }
  }

  /** Undefined when the client keeps up, so that the common case costs no promise. */
  send(parts: readonly Part[]): Promise<void> | undefined {
    for (const part of parts) if (part.kind === 'repaired') this.#tell(part.repairs);
    const text = this.#encoder.parts(withClientNames(parts, this.#of.fitted.clientNames));
    if (text === '' || this.#sink.signal.aborted) return undefined;
    return this.#sink.write(text);
  }

  finish(ending: Ending, receipt: Headers): void {
    const text = this.#encoder.finish(ending);
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
      const { status, headers, body } = this.#protocol.refusal(refusal, this.#of.requestId);
      this.#sink.answer(status, headers, body);
    }
  }

  /** An answer that the client has in full but that is in no ledger must not look complete. */
  abandon(refusal: Refusal): void {
    if (this.#sink.opened) this.#sink.destroy();
    else this.refuse(refusal);
  }

  #headers(): Headers {
    const { requestId, ignored, priceVersion } = this.#of;
    const headers = {
      'content-type': this.#encoder.contentType,
      ...this.#protocol.headers(requestId),
      'turnpike-price-version': String(priceVersion),
    };
    return {
      ...headers,
      ...toldHeaders(ignored, this.#repairs),
    };
  }
}

/** Of one request, in its log line. */
const REPAIRS_MAX = 64;
