// Conversations in PostgreSQL.

import type { Metadata, Owner } from '../../../domain/stored/answer.ts';
import type {
  Conversation,
  ConversationItem,
  Page,
  PageOf,
} from '../../../domain/stored/conversation.ts';
import { EARLIER_BYTES_MAX } from '../../../limits.ts';
import type { Asked, Kept } from '../../../ports/asked.ts';
import type { ConversationStore } from '../../../ports/response-store.ts';
import { type Asking, mapped } from './asking.ts';
import {
  assertReadable,
  bytesOf,
  insertItems,
  itemBytes,
  itemValues,
  roomFor,
} from './stored-row.ts';

type ConversationRow = {
  readonly id: string;
  readonly created_at: Date;
  readonly metadata: Metadata;
};
/** A conversation without items gives one row without an item. */
type ItemRow = {
  readonly id: string | null;
  readonly form: number | null;
  readonly item: string | null;
};

export class PostgresConversations implements ConversationStore {
  readonly #asking: Asking;
  readonly #bytesProjectMax: number;

  constructor(asking: Asking, bytesProjectMax: number) {
    this.#asking = asking;
    this.#bytesProjectMax = bytesProjectMax;
  }

  create(
    { organisationId, projectId }: Owner,
    { id, createdAtMs, metadata }: Conversation,
    items: readonly ConversationItem[],
    expiresAtMs: number,
  ): Asked<Kept> {
    const json = JSON.stringify(metadata);
    const asked = this.#asking.ask(CREATE, [
      id,
      organisationId,
      projectId,
      new Date(createdAtMs),
      new Date(expiresAtMs),
      json,
      bytesOf(json),
      itemBytes(items),
      this.#bytesProjectMax,
      ...itemValues(items),
    ]);
    return mapped(asked, (rows) => (rows.length === 0 ? 'full' : 'kept'));
  }

  find(owner: Owner, id: string): Asked<Conversation | undefined> {
    const asked = this.#asking.ask<ConversationRow>(
      `SELECT id, created_at, metadata FROM conversation WHERE ${THE_ONE}`,
      [id, owner.projectId, owner.organisationId],
    );
    return mapped(asked, firstConversation);
  }

  setMetadata(owner: Owner, id: string, metadata: Metadata): Asked<Conversation | undefined> {
    const asked = this.#asking.ask<ConversationRow>(
      `UPDATE conversation SET metadata = $4::text::jsonb,
           bytes = bytes + octet_length($4::text) - octet_length(metadata::text)
         WHERE ${THE_ONE} RETURNING id, created_at, metadata`,
      [id, owner.projectId, owner.organisationId, JSON.stringify(metadata)],
    );
    return mapped(asked, firstConversation);
  }

  remove(owner: Owner, id: string): Asked<boolean> {
    const asked = this.#asking.ask(`DELETE FROM conversation WHERE ${THE_ONE} RETURNING 1`, [
      id,
      owner.projectId,
      owner.organisationId,
    ]);
    return mapped(asked, (rows) => rows.length > 0);
  }

  add(
    owner: Owner,
    id: string,
    items: readonly ConversationItem[],
    expiresAtMs: number,
  ): Asked<Kept | 'missing'> {
    const asked = this.#asking.ask<{ readonly found: boolean; readonly added: boolean }>(ADD, [
      id,
      owner.projectId,
      owner.organisationId,
      new Date(expiresAtMs),
      itemBytes(items),
      this.#bytesProjectMax,
      ...itemValues(items),
    ]);
    return mapped(asked, ([row]) => {
      if (row?.found !== true) return 'missing';
      return row.added ? 'kept' : 'full';
    });
  }

  items(owner: Owner, id: string, page: PageOf): Asked<Page<ConversationItem> | undefined> {
    const { limit, order, after, before } = page;
    const [beyond, within] = order === 'asc' ? ['>', '<'] : ['<', '>'];
    const placeOf = (parameter: string): string =>
      `(SELECT position FROM conversation_item WHERE conversation_id = $1 AND id = ${parameter}
         ORDER BY position LIMIT 1)`;
    const asked = this.#asking.ask<ItemRow>(
      `SELECT i.id, i.form, i.item FROM conversation AS c LEFT JOIN conversation_item AS i
           ON i.conversation_id = c.id
             AND ($4::text IS NULL OR i.position ${beyond} ${placeOf('$4')})
             AND ($5::text IS NULL OR i.position ${within} ${placeOf('$5')})
         WHERE c.id = $1 AND c.project_id = $2 AND c.organisation_id = $3 AND c.expires_at > now()
         ORDER BY i.position ${order} LIMIT $6::int + 1`,
      [id, owner.projectId, owner.organisationId, after ?? null, before ?? null, limit],
    );
    return mapped(asked, (rows) => {
      if (rows.length === 0) return undefined;
      return { entries: rows.slice(0, limit).flatMap(itemsOf), hasMore: rows.length > limit };
    });
  }

  all(owner: Owner, id: string): Asked<readonly ConversationItem[] | 'too-long' | undefined> {
    const asked = this.#asking.ask<ItemRow & { readonly total: string | null }>(
      `SELECT i.id, i.form, CASE WHEN i.total <= ${EARLIER_BYTES_MAX} THEN i.item END AS item, i.total
         FROM conversation AS c LEFT JOIN (
           SELECT *, sum(bytes) OVER (ORDER BY position) AS total FROM conversation_item
             WHERE conversation_id = $1) AS i ON i.conversation_id = c.id
         WHERE c.id = $1 AND c.project_id = $2 AND c.organisation_id = $3 AND c.expires_at > now()
         ORDER BY i.position`,
      [id, owner.projectId, owner.organisationId],
    );
    return mapped(asked, (rows) => {
      if (rows.length === 0) return undefined;
      if (Number(rows.at(-1)?.total ?? 0) > EARLIER_BYTES_MAX) return 'too-long';
      return rows.flatMap(itemsOf);
    });
  }

  item(owner: Owner, id: string, itemId: string): Asked<ConversationItem | undefined> {
    const asked = this.#asking.ask<ItemRow>(
      `SELECT i.id, i.form, i.item FROM conversation AS c JOIN conversation_item AS i ON i.conversation_id = c.id
         WHERE c.id = $1 AND c.project_id = $2 AND c.organisation_id = $3 AND c.expires_at > now()
           AND i.id = $4 ORDER BY i.position LIMIT 1`,
      [id, owner.projectId, owner.organisationId, itemId],
    );
    return mapped(asked, (rows) => rows.flatMap(itemsOf)[0]);
  }

  removeItem(owner: Owner, id: string, itemId: string): Asked<boolean> {
    const asked = this.#asking.ask(
      `DELETE FROM conversation_item WHERE conversation_id = $1 AND id = $4
           AND EXISTS (SELECT FROM conversation WHERE ${THE_ONE}) RETURNING 1`,
      [id, owner.projectId, owner.organisationId, itemId],
    );
    return mapped(asked, (rows) => rows.length > 0);
  }
}

function firstConversation([row]: readonly ConversationRow[]): Conversation | undefined {
  return row && { id: row.id, createdAtMs: row.created_at.getTime(), metadata: row.metadata };
}

function itemsOf({ id, form, item }: ItemRow): readonly ConversationItem[] {
  if (id === null || item === null) return [];
  assertReadable(form ?? 0, id);
  return [{ id, json: item }];
}

const THE_ONE = 'id = $1 AND project_id = $2 AND organisation_id = $3 AND expires_at > now()';

/** The new row is not yet there for the rest of the statement, so its items refer to what was returned of it. */
const CREATE = `
  WITH conv AS (
      INSERT INTO conversation (id, organisation_id, project_id, created_at, expires_at, metadata, bytes, next_position)
        SELECT $1, $2, $3, $4, $5, $6, $7, cardinality($10::text[])
          WHERE ${roomFor('$7::bigint + $8::bigint', '$3', '$9')}
        RETURNING id, organisation_id, project_id, 0::bigint AS base),
    added AS (${insertItems(10)})
  SELECT FROM conv`;

const ADD = `
  WITH conv AS (
      UPDATE conversation SET expires_at = greatest(expires_at, $4),
          next_position = next_position + cardinality($7::text[])
        WHERE ${THE_ONE} AND ${roomFor('$5::bigint', '$2', '$6')}
        RETURNING id, organisation_id, project_id, next_position - cardinality($7::text[]) AS base),
    added AS (${insertItems(7)})
  SELECT EXISTS (SELECT FROM conv) AS added,
    EXISTS (SELECT FROM conversation WHERE ${THE_ONE}) AS found`;
