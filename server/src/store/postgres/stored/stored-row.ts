// A stored answer as a row, and back.

import {
  type AnswerKind,
  type AnswerStatus,
  type Metadata,
  type Owner,
  STORED_FORM,
  type StoredAnswer,
} from '../../../domain/stored/answer.ts';
import { assert } from '../../../lib/assert.ts';

export type AnswerRow = {
  readonly id: string;
  readonly kind: AnswerKind;
  readonly model: string;
  readonly status: AnswerStatus;
  readonly background: boolean;
  readonly created_at: Date;
  readonly form: number;
  readonly body: string;
  readonly input: string;
  readonly output: string;
  readonly metadata: Metadata;
  readonly previous_id: string | null;
  readonly conversation_id: string | null;
};

export const ANSWER_COLUMNS =
  'id, kind, model, status, background, created_at, form, body, input, output, metadata, previous_id, conversation_id';

export function answerOf(row: AnswerRow): StoredAnswer {
  assert(row.form <= STORED_FORM, `the answer ${row.id} was stored by a newer Turnpike`);
  const { id, kind, model, status, background, body, input, output, metadata } = row;
  return {
    id,
    kind,
    model,
    status,
    background,
    createdAtMs: row.created_at.getTime(),
    body,
    input,
    output,
    metadata,
    ...(row.previous_id !== null && { previousId: row.previous_id }),
    ...(row.conversation_id !== null && { conversationId: row.conversation_id }),
  };
}

/** What a row costs beside its texts: its header, its ids and its places in the indexes. */
const ROW_BYTES = 512;

export function bytesOf(...texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), ROW_BYTES);
}

/** The values of one INSERT, in the order of its columns. */
export function insertValues(
  { organisationId, projectId }: Owner,
  answer: StoredAnswer,
  expiresAtMs: number,
): readonly unknown[] {
  const { id, kind, model, status, background, body, input, output } = answer;
  const metadata = JSON.stringify(answer.metadata);
  return [
    id,
    kind,
    organisationId,
    projectId,
    model,
    status,
    background,
    new Date(answer.createdAtMs),
    new Date(expiresAtMs),
    STORED_FORM,
    body,
    input,
    output,
    metadata,
    answer.previousId ?? null,
    answer.conversationId ?? null,
    bytesOf(body, input, output, metadata),
  ];
}
