// A stored answer as a row, and back; and the statements that more than one of the stores needs.

import {
  type AnswerKind,
  type AnswerStatus,
  type Metadata,
  type Owner,
  STORED_FORM,
  type StoredAnswer,
} from '../../../domain/stored/answer.ts';
import type { ConversationItem } from '../../../domain/stored/conversation.ts';
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

const COLUMNS = [
  'id',
  'kind',
  'model',
  'status',
  'background',
  'created_at',
  'form',
  'body',
  'input',
  'output',
  'metadata',
  'previous_id',
  'conversation_id',
];
export const ANSWER_COLUMNS = COLUMNS.join(', ');
/** Of the table that is called `a`. */
export const ANSWER_COLUMNS_OF_A = COLUMNS.map((column) => `a.${column}`).join(', ');

export function answerOf(row: AnswerRow): StoredAnswer {
  assertReadable(row.form, row.id);
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

export function assertReadable(form: number, id: string): void {
  assert(form <= STORED_FORM, `${id} was stored by a newer Turnpike`);
}

/** What a row costs beside its texts: its header, its ids and its places in the indexes. */
const ROW_BYTES = 512;

export function bytesOf(...texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), ROW_BYTES);
}

/** $1 to $17: an answer. The rest of the statement begins with $18. */
export const INSERT_ANSWER_COLUMNS = `stored_answer (id, kind, organisation_id, project_id, model, status, background,
  created_at, expires_at, form, body, input, output, metadata, previous_id, conversation_id, bytes`;
export const ANSWER_VALUES = Array.from({ length: 17 }, (_, at) => `$${at + 1}`).join(', ');

export function answerValues(
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

/** Three lists of equal length, for `unnest`: ids, texts, bytes. */
export function itemValues(items: readonly ConversationItem[]): readonly unknown[] {
  return [
    items.map(({ id }) => id),
    items.map(({ json }) => json),
    items.map(({ json }) => bytesOf(json)),
  ];
}

/** The bytes of all of them. */
export function itemBytes(items: readonly ConversationItem[]): number {
  return items.reduce((sum, { json }) => sum + bytesOf(json), 0);
}

/** What one more write may not go beyond. */
export function roomFor(bytes: string, projectId: string, most: string): string {
  return `coalesce((SELECT s.bytes FROM stored_bytes AS s WHERE s.project_id = ${projectId}), 0) + ${bytes} <= ${most}::bigint`;
}

/**
 * Puts items at the end of the conversation that the CTE `conv (id, organisation_id, project_id, base)` names; its row is
 * locked by then, so positions never meet. `first`: the number of the parameter of ids.
 */
export function insertItems(first: number): string {
  return `INSERT INTO conversation_item (conversation_id, position, id, organisation_id, project_id, form, item, bytes)
    SELECT conv.id, conv.base + i.place, i.id, conv.organisation_id, conv.project_id, ${STORED_FORM}, i.item, i.bytes
      FROM conv, unnest($${first}::text[], $${first + 1}::text[], $${first + 2}::bigint[])
        WITH ORDINALITY AS i (id, item, bytes, place)`;
}
