// One answer that is made whether or not anybody waits for it. It is a Sink whose client is the store: what it is given
// becomes durable first, and whoever follows the answer reads only that, so that no event is ever seen and then lost.

import { hasEnded, type StoredAnswer } from '../domain/stored/answer.ts';
import type { ConversationItem } from '../domain/stored/conversation.ts';
import type { Refusal } from '../domain/refusal.ts';
import { assert } from '../lib/assert.ts';
import { jsonText } from '../lib/json-slices.ts';
import {
  BACKGROUND_GIVE_UP_MS,
  BACKGROUND_PENDING_BYTES_MAX,
  BACKGROUND_TRY_AGAIN_MS,
  BACKGROUND_WRITE_EVERY_MS,
} from '../limits.ts';
import type { Progress, Standing } from '../ports/run-store.ts';
import type { AnswerFacts, Encoder, Ending, Keeping } from '../protocols/protocol.ts';
import type { OwnedRun } from './background-runs.ts';
import type { Gateway } from './gateway.ts';
import { generate, type Accepted } from './generate.ts';
import { storedAnswer } from './keeper.ts';
import { saidIn } from './memory.ts';
import type { Headers, Sink } from './sink.ts';
import { SERVER_STOPPING } from './stopping.ts';

const CANCELLED = Symbol('cancelled');

/** How it began: it runs, or it was refused before anything was generated. */
export type Beginning = { readonly kind: 'running' } | ({ readonly kind: 'refused' } & Answered);
type Answered = { readonly status: number; readonly headers: Headers; readonly body: string };

type Begun = {
  readonly keeping: Keeping;
  readonly facts: AnswerFacts;
  readonly queued: StoredAnswer;
};

export class BackgroundRun implements Sink, OwnedRun {
  readonly id: string;
  readonly #gateway: Gateway;
  readonly #accepted: Accepted;
  readonly #keeping: Keeping;
  readonly #facts: AnswerFacts;
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  readonly #beginning = Promise.withResolvers<Beginning>();
  #headers: () => Headers = () => ({});
  #encoder: Encoder | undefined;
  #refusal: Refusal | undefined;
  #answer: StoredAnswer;
  /** Complete; written with its last events, not before. */
  #final: StoredAnswer | undefined;
  /** Its status changed since it was written last. */
  #changed = false;
  #said: readonly ConversationItem[] = [];
  readonly #events: string[] = [];
  #pendingBytes = 0;
  /** So many of the events are in the store. */
  #durable = 0;
  #gone = false;
  #writing: Promise<void> | undefined;
  #news = Promise.withResolvers<void>();

  private constructor(gateway: Gateway, accepted: Accepted, begun: Begun) {
    this.#gateway = gateway;
    this.#accepted = accepted;
    this.#keeping = begun.keeping;
    this.#facts = begun.facts;
    this.#answer = begun.queued;
    this.id = this.#answer.id;
  }

  static async of(gateway: Gateway, accepted: Accepted): Promise<BackgroundRun> {
    const { decoded, requestId, startedAtMs, isLarge } = accepted;
    const { keeping, model, generation } = decoded;
    assert(keeping?.waiting !== undefined, 'a protocol with answers in the background has them');
    const createdAtSeconds = Math.floor(startedAtMs / 1000);
    const { delivery } = generation;
    const facts = { requestId, model, createdAtSeconds, delivery, stored: true };
    const input = isLarge ? await jsonText(keeping.input(facts)) : undefined;
    const queued = storedAnswer(keeping, keeping.waiting(facts, 'queued'), facts, input);
    return new BackgroundRun(gateway, accepted, { keeping, facts, queued });
  }

  get stored(): StoredAnswer {
    return this.#answer;
  }

  /** Resolves when it is known whether it runs. */
  get beginning(): Promise<Beginning> {
    return this.#beginning.promise;
  }

  /** From first to last; never rejects. */
  async run(): Promise<void> {
    try {
      await generate(this.#gateway, this.#watched(), this);
    } catch (error) {
      const { requestId } = this.#accepted;
      this.#gateway.log.error({ requestId, err: error }, 'a request failed by a mistake of ours');
    }
    if (this.#encoder !== undefined) await this.#conclude(this.#encoder);
    else this.#refuseToBegin();
    this.#news.resolve();
  }

  /** Unless it has been refused already: a mistake of ours. */
  #refuseToBegin(): void {
    const { protocol, requestId } = this.#accepted;
    const refused = protocol.refusal({ kind: 'internal' }, requestId);
    this.#beginning.resolve({ kind: 'refused', ...refused });
  }

  cancel(): void {
    this.#abort.abort(CANCELLED);
  }

  stop(): void {
    this.#abort.abort(SERVER_STOPPING);
  }

  /** The request, so that we hear of its encoder and of what goes wrong, and get its record. */
  #watched(): Accepted {
    const { decoded, protocol } = this.#accepted;
    return {
      ...this.#accepted,
      decoded: { ...decoded, encoder: (facts) => this.#watch(decoded.encoder(facts)) },
      protocol: {
        ...protocol,
        refusal: (refusal, requestId) => {
          this.#refusal = refusal;
          return protocol.refusal(refusal, requestId);
        },
      },
      keeper: {
        stores: true,
        ignored: this.#accepted.keeper.ignored,
        keep: (encoder, facts, ending) => this.#keep(encoder, facts, ending),
      },
    };
  }

  /** The encoder is made when everything else is decided: from here on there is an answer. */
  #watch(encoder: Encoder): Encoder {
    this.#encoder = encoder;
    const waiting = this.#keeping.waiting?.(this.#facts, 'in_progress');
    this.#answer = { ...this.#answer, ...waiting };
    this.#changed = true;
    this.#write();
    this.#beginning.resolve({ kind: 'running' });
    return {
      contentType: encoder.contentType,
      heartbeat: encoder.heartbeat,
      parts: (parts) => encoder.parts(parts),
      finish: (ending) => encoder.finish(ending),
      record: (ending) => encoder.record?.(ending) ?? this.#answer,
      fail: (refusal) => {
        this.#refusal = refusal;
        return encoder.fail(refusal);
      },
    };
  }

  #keep(encoder: Encoder, facts: AnswerFacts, ending: Ending): Promise<Ending> {
    const record = encoder.record?.(ending) ?? this.#answer;
    this.#final = storedAnswer(this.#keeping, record, facts, this.#answer.input);
    return Promise.resolve(ending);
  }

  #become(answer: StoredAnswer): void {
    this.#answer = answer;
    this.#changed = true;
  }

  /** The last of it must get into the store, even if that takes a while. */
  async #conclude(encoder: Encoder): Promise<void> {
    if (this.#final !== undefined) {
      this.#become(this.#final);
      this.#said = await saidIn(this.#final);
    } else {
      const cancelled = this.signal.reason === CANCELLED;
      const { delivery } = this.#facts;
      if (cancelled && delivery === 'stream') this.#add(encoder.cancel?.() ?? '');
      const how = cancelled ? undefined : (this.#refusal ?? { kind: 'internal' });
      const record = encoder.broken?.(how) ?? { ...this.#answer, status: 'failed' as const };
      this.#become({ ...this.#answer, ...record });
    }
    const giveUpMs = this.#gateway.clock.monotonicMs() + BACKGROUND_GIVE_UP_MS;
    while (this.#hasNews && this.#gateway.clock.monotonicMs() < giveUpMs) {
      await (this.#writing ??= this.#writeOnce());
    }
    if (this.#hasNews) {
      const { requestId } = this.#accepted;
      this.#gateway.log.error({ requestId }, 'the end of a background response could not be kept');
    }
  }

  get #hasNews(): boolean {
    return !this.#gone && (this.#changed || this.#durable < this.#events.length);
  }

  #write(): void {
    this.#writing ??= this.#writeOnce();
  }

  async #writeOnce(): Promise<void> {
    const changed = this.#changed;
    this.#changed = false;
    const ended = hasEnded(this.#answer.status);
    const events = this.#events.slice(this.#durable);
    const progress = {
      events,
      from: this.#durable,
      ...(changed && { answer: this.#answer }),
      ...(ended && { said: this.#said }),
    };
    const standing = await this.#written(progress);
    if (standing === 'unavailable') {
      this.#changed ||= changed;
    } else {
      this.#durable += events.length;
      this.#pendingBytes = 0;
      if (standing === 'cancel') this.cancel();
      if (standing === 'gone' || standing === 'lost') this.#end(standing);
    }
    this.#news.resolve();
    this.#news = Promise.withResolvers();
    if (standing === 'unavailable') await sleep(BACKGROUND_TRY_AGAIN_MS);
    else if (!ended) await sleep(BACKGROUND_WRITE_EVERY_MS);
    this.#writing = undefined;
    if (this.#hasNews && !ended) this.#write();
  }

  async #written(progress: Progress): Promise<Standing | 'unavailable'> {
    try {
      const written = await this.#gateway.responses.runs.progress(this.id, progress);
      return written.ok ? written.value : 'unavailable';
    } catch (error) {
      const { requestId } = this.#accepted;
      this.#gateway.log.error(
        { requestId, err: error },
        'a background response was refused by the store',
      );
      return 'lost';
    }
  }

  /** Who deleted it pays for what was made; of an answer that was taken from us nobody has anything. */
  #end(why: 'gone' | 'lost'): void {
    this.#gone = true;
    if (why === 'gone') this.cancel();
    else this.stop();
  }

  // ── As a Sink ────────────────────────────────────────────────────────────────────────────────────────────

  begin(headers: () => Headers): void {
    this.#headers = headers;
  }

  /** Of its stream, as far as they are known. */
  get headers(): Headers {
    return this.#headers();
  }

  /** Nobody waits for its first byte: what goes wrong from now on stands in the stream. */
  get opened(): boolean {
    return this.#encoder !== undefined && this.#facts.delivery === 'stream';
  }

  answer(status: number, headers: Headers, body: string): void {
    this.#beginning.resolve({ kind: 'refused', status, headers, body });
  }

  write(text: string): Promise<void> | undefined {
    this.#add(text);
    this.#write();
    return this.#pendingBytes > BACKGROUND_PENDING_BYTES_MAX ? this.#news.promise : undefined;
  }

  end(text: string): void {
    this.#add(text);
  }

  destroy(): void {}

  /** An event is a text up to an empty line; the last one of a stream is no event of the answer. */
  #add(text: string): void {
    this.#pendingBytes += text.length;
    for (const event of text.split('\n\n')) {
      if (event.startsWith('event: ')) this.#events.push(`${event}\n\n`);
    }
  }

  // ── For those who follow it ──────────────────────────────────────────────────────────────────────────────

  /** Durable events from number `from` on. */
  since(from: number): readonly string[] {
    return this.#events.slice(from, this.#durable);
  }

  /** Resolves when there may be more of them. */
  get news(): Promise<void> {
    return this.#news.promise;
  }
}

function sleep(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
