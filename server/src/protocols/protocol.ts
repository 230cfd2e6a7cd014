// What a protocol is: a pure codec between a wire format and the hub. A new protocol is a folder with these
// functions and a line in registry.ts; nothing else changes.

import type { Capabilities } from '../domain/generation/capabilities.ts';
import type { Generation } from '../domain/generation/generation.ts';
import type { FinishReason, Part } from '../domain/generation/part.ts';
import type { Usage } from '../domain/generation/usage.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import type { ServiceTier } from '../domain/pricing/service-tier.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { ReleaseStage } from '../domain/release/release-stage.ts';
import type { Sealer } from '../domain/sealing/sealer.ts';
import type {
  AnswerKind,
  AnswerStatus,
  Json,
  Metadata,
  StoredAnswer,
} from '../domain/stored/answer.ts';
import type { Earlier, Recollection } from '../domain/stored/recollection.ts';
import type { Result } from '../lib/result.ts';
import type { Resource } from './resource.ts';
import type { ToolPlaces, WireFields } from './wire-fields.ts';

export type ProtocolHeaders = { readonly [name: string]: string };

/** As Node gives them: names in lower case. */
export type RequestHeaders = {
  readonly [name: string]: string | readonly string[] | undefined;
};

export type Decoded = {
  readonly model: string;
  readonly generation: Generation;
  /** Makes the encoder of the answer. It knows what the answer needs of the request and the hub does not carry. */
  encoder(facts: AnswerFacts): Encoder;
  /** What the answer repeats of its request, where that may be much; see AnswerFacts. */
  echo?(): object;
  /** As `encoder`, for an answer to which nothing is generated, where the protocol has such requests. */
  warmUp?(facts: AnswerFacts): Encoder;
  /** Fields that the protocol does not know, as the client wrote them; what becomes of them is the operator's policy. */
  readonly unknown?: readonly string[];
  /** Fields that were accepted and have no effect, as the client wrote them; the answer's headers name them. */
  readonly ignored?: readonly string[];
  /** Where the fields of each tool stand, where that is not `tools[…]` in the same order. */
  readonly toolPlaces?: ToolPlaces;
  /** Fields of the hub that this request asks for in another place than others do. */
  readonly renamed?: { readonly [hub: string]: string };
  /** What does not fit the model may lose its oldest middle; else it is refused. */
  readonly truncates?: boolean;
  /** Of a protocol whose answers can be kept. */
  readonly keeping?: Keeping;
  /** How it wishes to be served; absent means as usual. Admission decides, and the answer says so. */
  readonly tier?: ServiceTier;
  /** For whom it is, as its client names them. */
  readonly endUser?: string;
};

/** What is to be kept of a request and its answer, and where. */
export type Keeping = {
  readonly kind: AnswerKind;
  /** `asked` and `by default`: where any server finds it. `no`: at most as long as the connection lasts. */
  readonly store: 'asked' | 'by default' | 'no';
  /** Runs on when its client has left. */
  readonly background: boolean;
  readonly metadata: Metadata;
  readonly previousId?: string;
  /** Input and output are added to it when the answer is complete. */
  readonly conversationId?: string;
  /** The request's own items, each with an id: JSON. Made only when it is kept. */
  input(facts: AnswerFacts): readonly object[];
  /** The answer before there is anything of it; of protocols whose answers can be made in the background. */
  waiting?(facts: AnswerFacts, status: 'queued' | 'in_progress'): AnswerRecord;
};

/** An answer as it is kept; what belongs to the request is in its Keeping. */
export type AnswerRecord = {
  readonly id: string;
  readonly status: AnswerStatus;
  /** The object without its `output`. */
  readonly body: Json;
  /** A list of items. */
  readonly output: Json;
};

export type AnswerFacts = {
  readonly requestId: string;
  /** The model's public id. */
  readonly model: string;
  /** Whole seconds since the epoch. */
  readonly createdAtSeconds: number;
  readonly delivery: 'whole' | 'stream';
  /** The JSON of `Decoded.echo`, where it was written before. */
  readonly echoJson?: string;
  /** It will be kept. Absent means no. */
  readonly stored?: boolean;
  /** The one that was used. Absent means the standard one. */
  readonly tier?: ServiceTier;
  /**
   * `sealed`: the client may keep what the model thought, and must not read it. Absent means that it may; the Responses
   * protocol has two names for the events of it, OpenAI's, and its own by the specification of Open Responses.
   */
  readonly reasoning?: 'sealed' | 'open-responses' | undefined;
};

export type Ending = {
  readonly reason: FinishReason;
  readonly usage: Usage;
  /** Which of the stop sequences ended it, where that is known. */
  readonly stopSequence?: string;
  /** When, in whole seconds since the epoch. */
  readonly atSeconds: number;
  /** It was to be kept and could not be: the answer must not promise it. */
  readonly forgotten?: true;
};

/** Turns one generation's parts into one answer. For `whole`, everything comes out of `finish`. */
export interface Encoder {
  readonly contentType: string;
  /** Text to send now; empty when there is nothing yet. It says nothing of finish and failure: those come below. */
  parts(parts: readonly Part[]): string;
  /** What is wrong with a whole answer that must not be billed; called before the settlement. */
  unfit?(reason: FinishReason): string | undefined;
  /** The last text, after the settlement is durable. */
  finish(ending: Ending): string;
  /** The answer as it is kept, if this protocol's can be; called before `finish`, once the engine has ended. */
  record?(ending: Ending): AnswerRecord;
  /** The same of an answer in the background that broke off, or was cancelled: then there is no refusal. */
  broken?(refusal: Refusal | undefined): AnswerRecord;
  /** The last text of a stream in the background that was cancelled. */
  cancel?(): string;
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

/** What of a model any protocol may show. */
export type ModelFacts = {
  readonly id: string;
  readonly contextTokensMax: number;
  readonly outputTokensMax: number;
  readonly capabilities: Capabilities;
  readonly stage: ReleaseStage;
  /** Of the active price book. */
  readonly price: { readonly version: number; readonly perMillion: ModelPrice };
  /** Whole seconds since the epoch. */
  readonly createdAtSeconds: number;
};

/** `GET /v1/models` in a protocol's own shape. */
export interface ModelPages {
  list(
    models: readonly ModelFacts[],
    query: { readonly [name: string]: unknown },
  ): Result<object, Refusal>;
  one(model: ModelFacts): object;
}

/** What of a request a count of its tokens needs. */
export type CountQuestion = Pick<
  Decoded,
  'model' | 'generation' | 'unknown' | 'ignored' | 'toolPlaces' | 'renamed'
>;

/** Counts a prompt's tokens without generating, for protocols that have an address for that. */
export interface Counting {
  readonly path: string;
  decode(
    body: unknown,
    headers: RequestHeaders,
    earlier?: Earlier,
    sealer?: Sealer,
  ): Result<CountQuestion, Refusal>;
  answer(inputTokens: number): string;
}

/** One request that came in a frame of a WebSocket. */
export type SocketRequest = {
  /** For `decode`. */
  readonly body: object;
  /** Requests of one lane run one after the other, and every frame of their answers names it. */
  readonly lane?: string;
  /** False: all is checked and answered, and nothing is generated. */
  readonly generates: boolean;
  /** What it goes on from. */
  readonly previousId?: string;
};

/** A protocol over a WebSocket: the events of its streams, each a frame of its own. */
export interface SocketFrames {
  readonly path: string;
  /** `frame` is parsed JSON. */
  request(frame: unknown): Result<SocketRequest, Refusal>;
  /** The events in the text of a stream. */
  events(text: string): readonly string[];
  /** An answer that is no stream. */
  refusal(answer: RefusalAnswer): string;
  withLane(frame: string, lane: string): string;
  /** The first event of an answer, with the headers that the answer would have over HTTP. */
  withHeaders(event: string, headers: ProtocolHeaders): string;
  /** Whether an answer that ended with this event is one to go on from. */
  isGood(last: string): boolean;
}

export type Interrupted = { readonly answer: StoredAnswer; readonly events: readonly string[] };

export interface Protocol {
  readonly name: string;
  readonly route: { readonly method: 'POST'; readonly path: string };
  /** What its clients call the fields of the hub. */
  readonly fields: WireFields;
  /** What the body leans on that was kept; undefined where it stands for itself, or is wrong (`decode` says how). */
  recalls?(body: unknown): Recollection | undefined;
  /** `body` is parsed JSON; `earlier` is what was found of what it recalls; `sealer` is the caller's. */
  decode(
    body: unknown,
    headers: RequestHeaders,
    earlier?: Earlier,
    sealer?: Sealer,
  ): Result<Decoded, Refusal>;
  refusal(refusal: Refusal, requestId: string): RefusalAnswer;
  /** On every answer, good or bad. */
  headers(requestId: string): ProtocolHeaders;
  readonly counting?: Counting;
  readonly socket?: SocketFrames;
  /** What clients may do with what is kept. */
  readonly resources?: readonly Resource[];
  /** An answer in the background that nobody makes any more, as it ends; and its last events, from this number on. */
  interrupted?(answer: StoredAnswer, from: number): Interrupted;
  /**
   * Whether a client of this protocol asks, at an address that is no protocol's own: it decides the shape of errors
   * and of the models there. Where nobody claims a request it is the first protocol's.
   */
  speaks?(path: string, headers: RequestHeaders): boolean;
  readonly models?: ModelPages;
}
