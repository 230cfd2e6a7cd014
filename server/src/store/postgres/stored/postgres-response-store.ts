// What is kept between requests, in PostgreSQL.

import type { Owner } from '../../../domain/stored/answer.ts';
import { ok } from '../../../lib/result.ts';
import type { Asked } from '../../../ports/asked.ts';
import type { ResponseStore } from '../../../ports/response-store.ts';
import type { Address } from '../connection.ts';
import type { Gateway } from '../ledger-batch.ts';
import { Asking, mapped } from './asking.ts';
import { PostgresAnswers } from './postgres-answers.ts';
import { PostgresConversations } from './postgres-conversations.ts';
import { PostgresRuns } from './postgres-runs.ts';

export type ResponseStoreOptions = {
  readonly address: Address;
  readonly gateway: Gateway;
  readonly bytesProjectMax: number;
  /** Whether PostgreSQL was there a moment ago. */
  readonly reachable: () => boolean;
};

/** Bit by bit, so that nothing stays locked for long. */
const EXPIRED_AT_ONCE = 500;

export class PostgresResponseStore implements ResponseStore, AsyncDisposable {
  readonly answers: PostgresAnswers;
  readonly conversations: PostgresConversations;
  readonly runs: PostgresRuns;
  readonly #asking: Asking;
  readonly #reachable: () => boolean;

  constructor({ address, gateway, bytesProjectMax, reachable }: ResponseStoreOptions) {
    this.#reachable = reachable;
    this.#asking = new Asking(address);
    this.answers = new PostgresAnswers(this.#asking, bytesProjectMax);
    this.conversations = new PostgresConversations(this.#asking, bytesProjectMax);
    this.runs = new PostgresRuns(this.#asking, gateway, bytesProjectMax);
  }

  available(): boolean {
    return this.#reachable();
  }

  bytesOf({ organisationId, projectId }: Owner): Asked<number> {
    const asked = this.#asking.ask<{ readonly bytes: string }>(
      'SELECT bytes FROM stored_bytes WHERE project_id = $1 AND organisation_id = $2',
      [projectId, organisationId],
    );
    return mapped(asked, ([row]) => Number(row?.bytes ?? 0));
  }

  /** Of a chain the newest goes first; the next round takes what leaned on nobody else. */
  async removeExpired(): Asked<number> {
    let removed = 0;
    for (const sql of [EXPIRED_ANSWERS, EXPIRED_CONVERSATIONS]) {
      for (let round = EXPIRED_AT_ONCE; round > 0;) {
        const rows = await this.#asking.ask(sql, []);
        if (!rows.ok) return rows;
        round = rows.value.length;
        removed += round;
      }
    }
    return ok(removed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#asking[Symbol.asyncDispose]();
  }
}

const EXPIRED_ANSWERS = `
  DELETE FROM stored_answer WHERE id IN (
    SELECT a.id FROM stored_answer AS a
      WHERE a.expires_at <= now() AND NOT EXISTS (SELECT FROM stored_answer AS later WHERE later.previous_id = a.id)
      LIMIT ${EXPIRED_AT_ONCE} FOR UPDATE SKIP LOCKED)
    RETURNING 1`;

const EXPIRED_CONVERSATIONS = `
  DELETE FROM conversation WHERE id IN (
    SELECT id FROM conversation WHERE expires_at <= now() LIMIT ${EXPIRED_AT_ONCE} FOR UPDATE SKIP LOCKED)
    RETURNING 1`;
