// What a protocol is: a pure codec between a wire format and the hub. A new protocol is a folder with these
// four functions and a line in registry.ts; nothing else changes.

import type { Generation } from '../domain/generation/generation.ts';
import type { FinishReason, Part } from '../domain/generation/part.ts';
import type { Usage } from '../domain/generation/usage.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Result } from '../lib/result.ts';

export type ProtocolHeaders = { readonly [name: string]: string };

export type Decoded = {
  readonly model: string;
  readonly generation: Generation;
  /** What the encoder must know of the request and the hub does not carry. */
  readonly includeUsage: boolean;
};

export type AnswerFacts = {
  readonly requestId: string;
  /** The model's public id. */
  readonly model: string;
  /** Whole seconds since the epoch. */
  readonly createdAtSeconds: number;
  readonly includeUsage: boolean;
  readonly delivery: 'whole' | 'stream';
};

/** Turns one generation's parts into one answer. For `whole`, everything comes out of `finish`. */
export interface Encoder {
  readonly contentType: string;
  /** Text to send now; empty when there is nothing yet. Finish and failure parts are not given to it. */
  parts(parts: readonly Part[]): string;
  /** The last text, after the settlement is durable. */
  finish(reason: FinishReason, usage: Usage): string;
  /** The last text of a stream that broke. Only called for `stream`. */
  fail(refusal: Refusal): string;
  /** Something that clients ignore, to keep a silent connection open. Only called for `stream`. */
  readonly heartbeat: string;
}

export type RefusalAnswer = {
  readonly status: number;
  readonly headers: ProtocolHeaders;
  readonly body: string;
};

export interface Protocol {
  readonly name: string;
  readonly route: { readonly method: 'POST'; readonly path: string };
  /** `body` is parsed JSON. */
  decode(body: unknown): Result<Decoded, Refusal>;
  encoder(facts: AnswerFacts): Encoder;
  refusal(refusal: Refusal, requestId: string): RefusalAnswer;
}
