// Stored answers in PostgreSQL.

import type { AnswerKind, Metadata, Owner, StoredAnswer } from '../../../domain/stored/answer.ts';
import type { ConversationItem, Page, PageOf } from '../../../domain/stored/conversation.ts';
import { EARLIER_BYTES_MAX, EARLIER_RESPONSES_MAX } from '../../../limits.ts';
import type { Asked, Kept } from '../../../ports/asked.ts';
import type { AnswerFilter, AnswerStore, Chain } from '../../../ports/response-store.ts';
import { AnswerWriter } from './answer-writer.ts';
import { type Asking, mapped } from './asking.ts';
import {
  ANSWER_COLUMNS,
  ANSWER_COLUMNS_OF_A,
  ANSWER_VALUES,
  type AnswerRow,
  answerOf,
  answerValues,
  INSERT_ANSWER_COLUMNS,
  insertItems,
  itemBytes,
  itemValues,
  roomFor,
} from './stored-row.ts';

export class PostgresAnswers implements AnswerStore {
  readonly #asking: Asking;
  readonly #bytesProjectMax: number;
  readonly #writer: AnswerWriter;

  constructor(asking: Asking, bytesProjectMax: number) {
    this.#asking = asking;
    this.#bytesProjectMax = bytesProjectMax;
    this.#writer = new AnswerWriter(asking, bytesProjectMax);
  }

  keep(
    owner: Owner,
    answer: StoredAnswer,
    expiresAtMs: number,
    said: readonly ConversationItem[] = [],
  ): Asked<Kept> {
    const values = answerValues(owner, answer, expiresAtMs);
    if (said.length === 0) {
      const { body, input, output } = answer;
      return this.#writer.keep(values, body.length + input.length + output.length);
    }
    const asked = this.#asking.ask(KEEP_SAID, [
      ...values,
      this.#bytesProjectMax,
      itemBytes(said),
      ...itemValues(said),
    ]);
    return mapped(asked, (rows) => (rows.length === 0 ? 'full' : 'kept'));
  }

  find(owner: Owner, kind: AnswerKind, id: string): Asked<StoredAnswer | undefined> {
    const asked = this.#asking.ask<AnswerRow>(
      `SELECT ${ANSWER_COLUMNS} FROM stored_answer WHERE ${THE_ONE} AND expires_at > now()`,
      [id, kind, owner.projectId, owner.organisationId],
    );
    return mapped(asked, firstAnswer);
  }

  chain({ projectId, organisationId }: Owner, id: string): Asked<Chain> {
    const asked = this.#asking.ask<ChainRow>(CHAIN, [id, projectId, organisationId]);
    return mapped(asked, (rows): Chain => {
      const oldest = rows.at(-1);
      if (oldest === undefined) return { kind: 'missing', id };
      if (rows.length > EARLIER_RESPONSES_MAX || oldest.more) return { kind: 'too-long' };
      if (oldest.previous_id !== null) return { kind: 'missing', id: oldest.previous_id };
      return { kind: 'found', answers: rows.map(answerOf).toReversed() };
    });
  }

  list(
    owner: Owner,
    kind: AnswerKind,
    { model, metadata }: AnswerFilter,
    { limit, order, after }: PageOf,
  ): Asked<Page<StoredAnswer>> {
    const beyond = order === 'asc' ? '>' : '<';
    const asked = this.#asking.ask<AnswerRow>(
      `SELECT ${ANSWER_COLUMNS} FROM stored_answer
         WHERE kind = $1 AND project_id = $2 AND organisation_id = $3 AND expires_at > now()
           AND ($4::text IS NULL OR model = $4) AND metadata @> $5::jsonb
           AND ($6::text IS NULL OR (created_at, id) ${beyond}
             (SELECT created_at, id FROM stored_answer WHERE id = $6 AND kind = $1 AND project_id = $2))
         ORDER BY created_at ${order}, id ${order} LIMIT $7::int + 1`,
      [
        kind,
        owner.projectId,
        owner.organisationId,
        model ?? null,
        JSON.stringify(metadata),
        after ?? null,
        limit,
      ],
    );
    return mapped(asked, (rows) => ({
      entries: rows.slice(0, limit).map(answerOf),
      hasMore: rows.length > limit,
    }));
  }

  setMetadata(
    owner: Owner,
    kind: AnswerKind,
    id: string,
    metadata: Metadata,
  ): Asked<StoredAnswer | undefined> {
    const asked = this.#asking.ask<AnswerRow>(
      `UPDATE stored_answer SET metadata = $5::text::jsonb,
           bytes = bytes + octet_length($5::text) - octet_length(metadata::text)
         WHERE ${THE_ONE} AND expires_at > now() RETURNING ${ANSWER_COLUMNS}`,
      [id, kind, owner.projectId, owner.organisationId, JSON.stringify(metadata)],
    );
    return mapped(asked, firstAnswer);
  }

  remove(owner: Owner, kind: AnswerKind, id: string): Asked<boolean> {
    const asked = this.#asking.ask(`DELETE FROM stored_answer WHERE ${THE_ONE} RETURNING 1`, [
      id,
      kind,
      owner.projectId,
      owner.organisationId,
    ]);
    return mapped(asked, (rows) => rows.length > 0);
  }
}

type ChainRow = AnswerRow & { readonly more: boolean };

function firstAnswer([row]: readonly AnswerRow[]): StoredAnswer | undefined {
  return row && answerOf(row);
}

const THE_ONE = 'id = $1 AND kind = $2 AND project_id = $3 AND organisation_id = $4';

/** The answer, and what was said to the end of its conversation. */
const KEEP_SAID = `
  WITH kept AS (
      INSERT INTO ${INSERT_ANSWER_COLUMNS})
        SELECT ${ANSWER_VALUES} WHERE ${roomFor('$17 + $19::bigint', '$4', '$18')} RETURNING 1),
    conv AS (
      UPDATE conversation SET expires_at = greatest(expires_at, $9),
          next_position = next_position + cardinality($20::text[])
        WHERE id = $16 AND project_id = $4 AND organisation_id = $3 AND EXISTS (SELECT FROM kept)
        RETURNING id, organisation_id, project_id, next_position - cardinality($20::text[]) AS base),
    said AS (${insertItems(20)})
  SELECT FROM kept`;

/** From the newest to the oldest; what is expired but still leaned on is there. `more`: it ends because it is too long. */
const CHAIN = `
  WITH RECURSIVE chain AS (
    SELECT ${ANSWER_COLUMNS}, 1 AS depth, bytes AS total FROM stored_answer
      WHERE id = $1 AND kind = 'response' AND project_id = $2 AND organisation_id = $3 AND expires_at > now()
    UNION ALL
    SELECT ${ANSWER_COLUMNS_OF_A}, c.depth + 1, c.total + a.bytes
      FROM chain AS c JOIN stored_answer AS a ON a.id = c.previous_id
      WHERE a.kind = 'response' AND a.project_id = $2 AND a.organisation_id = $3
        AND c.depth <= ${EARLIER_RESPONSES_MAX} AND c.total <= ${EARLIER_BYTES_MAX})
  SELECT ${ANSWER_COLUMNS}, total > ${EARLIER_BYTES_MAX} AS more FROM chain ORDER BY depth`;
