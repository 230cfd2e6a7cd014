// An answer that is kept: the object as its client saw it, and the items that a later request may go on from.

/** Whose it is. Nobody else learns that it exists. */
export type Owner = { readonly organisationId: string; readonly projectId: string };

export type AnswerKind = 'response' | 'chat-completion';

export type AnswerStatus =
  | 'queued'
  | 'in_progress'
  | 'completed'
  | 'incomplete'
  | 'failed'
  | 'cancelled';

export type Metadata = { readonly [key: string]: string };

/** A JSON text: made once by a protocol, and handed on as it is. */
export type Json = string;

export type StoredAnswer = {
  readonly id: string;
  readonly kind: AnswerKind;
  readonly model: string;
  readonly status: AnswerStatus;
  readonly createdAtMs: number;
  /** The object as its client sees it, but for its `output`. */
  readonly body: Json;
  /** What this request itself sent: a list of items of its protocol, each with an id. */
  readonly input: Json;
  /** What was said: a list of items. */
  readonly output: Json;
  readonly metadata: Metadata;
  /** The answer that this one goes on from. */
  readonly previousId?: string;
  readonly conversationId?: string;
  /** It was made in the background, and may be cancelled. */
  readonly background: boolean;
};

/** The version of the stored form; a reader that meets a newer one must not guess. */
export const STORED_FORM = 1;

export function hasEnded(status: AnswerStatus): boolean {
  return status !== 'queued' && status !== 'in_progress';
}

/** The whole object: gluing costs no parse of what may be megabytes. */
export function withOutput({ body, output }: Pick<StoredAnswer, 'body' | 'output'>): Json {
  return `${body.slice(0, -1)},"output":${output}}`;
}
