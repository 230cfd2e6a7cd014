// Drafts and books as PostgreSQL keeps them.

import type pg from 'pg';
import type { DraftState } from '../../../domain/pricing/price-draft.ts';
import type { Draft } from '../../../ports/price-books.ts';
import { modelsFromJson, type StoredModels } from './rule-rows.ts';

export type DraftRow = Pick<Draft, 'id' | 'bookId' | 'withdrawn' | 'note' | 'by'> & {
  readonly state: DraftState;
  readonly models: StoredModels;
  readonly approvedBy: string | null;
  readonly version: number | null;
};

export const SELECT_DRAFT = `
  SELECT id, book_id AS "bookId", state, models, withdrawn, note, made_by AS by, approved_by AS "approvedBy", version
    FROM price_draft`;

export function draftOf({ models, approvedBy, version, ...row }: DraftRow): Draft {
  return {
    ...row,
    models: modelsFromJson(models),
    ...(approvedBy !== null && { approvedBy }),
    ...(version !== null && { version }),
  };
}

/** Until the transaction ends nobody else changes it. */
export async function readDraft(client: pg.ClientBase, id: string): Promise<Draft | undefined> {
  const { rows } = await client.query<DraftRow>(`${SELECT_DRAFT} WHERE id = $1 FOR UPDATE`, [id]);
  return rows[0] && draftOf(rows[0]);
}

type BookRow = { readonly base: string | null; readonly approval_required: boolean };

export async function readBook(client: pg.ClientBase, id: string): Promise<BookRow | undefined> {
  const sql = 'SELECT base, approval_required FROM price_book WHERE id = $1';
  const { rows } = await client.query<BookRow>(sql, [id]);
  return rows[0];
}
