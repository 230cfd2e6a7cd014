// The runs of answers in the background, in PostgreSQL.

import type { Owner, StoredAnswer } from '../../../domain/stored/answer.ts';
import type { Asked, Kept } from '../../../ports/asked.ts';
import type { Events, Orphan, Progress, RunStore, Standing } from '../../../ports/run-store.ts';
import type { Gateway } from '../ledger-batch.ts';
import { type Asking, mapped } from './asking.ts';
import {
  ANSWER_COLUMNS,
  ANSWER_COLUMNS_OF_A,
  ANSWER_VALUES,
  type AnswerRow,
  answerOf,
  answerValues,
  bytesOf,
  INSERT_ANSWER_COLUMNS,
  insertItems,
  itemValues,
  roomFor,
} from './stored-row.ts';

/** As in gateway-epoch.ts: a gateway that is silent for longer is dead. */
const SILENT_MS = 60_000;
const ORPHANS_AT_ONCE = 100;

export class PostgresRuns implements RunStore {
  readonly #asking: Asking;
  readonly #gateway: Gateway;
  readonly #bytesProjectMax: number;

  constructor(asking: Asking, gateway: Gateway, bytesProjectMax: number) {
    this.#asking = asking;
    this.#gateway = gateway;
    this.#bytesProjectMax = bytesProjectMax;
  }

  begin(owner: Owner, answer: StoredAnswer, expiresAtMs: number): Asked<Kept> {
    const { id, epoch } = this.#gateway;
    const values = answerValues(owner, answer, expiresAtMs);
    const asked = this.#asking.ask(BEGIN, [...values, this.#bytesProjectMax, id, `${epoch}`]);
    return mapped(asked, (rows) => (rows.length === 0 ? 'full' : 'kept'));
  }

  progress(id: string, { answer, events, from, said = [] }: Progress): Asked<Standing> {
    const values = [
      id,
      this.#gateway.id,
      `${this.#gateway.epoch}`,
      events,
      events.map((event) => bytesOf(event)),
      from,
    ];
    const asked =
      answer === undefined
        ? this.#asking.ask<StandingRow>(GO_ON, values)
        : this.#asking.ask<StandingRow>(CHANGE, [
            ...values,
            answer.status,
            answer.body,
            answer.output,
            bytesOf(answer.body, answer.input, answer.output, JSON.stringify(answer.metadata)),
            ...itemValues(said),
          ]);
    return mapped(asked, ([row]) => {
      if (row === undefined || row.cancel_asked === null) return row?.there ? 'lost' : 'gone';
      return row.cancel_asked ? 'cancel' : 'go on';
    });
  }

  unwanted(ids: readonly string[]): Asked<readonly string[]> {
    const asked = this.#asking.ask<{ readonly id: string }>(
      `SELECT w.id FROM unnest($1::text[]) AS w (id) LEFT JOIN stored_answer AS a ON a.id = w.id
         WHERE a.id IS NULL OR a.cancel_asked`,
      [ids],
    );
    return mapped(asked, (rows) => rows.map(({ id }) => id));
  }

  cancel(owner: Owner, id: string): Asked<StoredAnswer | undefined> {
    const asked = this.#asking.ask<AnswerRow>(
      `UPDATE stored_answer SET cancel_asked = cancel_asked OR (background AND status IN ${RUNNING})
         WHERE id = $1 AND kind = 'response' AND project_id = $2 AND organisation_id = $3 AND expires_at > now()
         RETURNING ${ANSWER_COLUMNS}`,
      [id, owner.projectId, owner.organisationId],
    );
    return mapped(asked, ([row]) => row && answerOf(row));
  }

  events(owner: Owner, id: string, after: number, limit: number): Asked<Events | undefined> {
    const asked = this.#asking.ask<EventRow>(
      `SELECT e.event, a.status NOT IN ${RUNNING} AS ended
         FROM stored_answer AS a LEFT JOIN LATERAL (
           SELECT number, event FROM stored_event WHERE answer_id = a.id AND number > $4 ORDER BY number LIMIT $5) AS e
           ON true
         WHERE a.id = $1 AND a.kind = 'response' AND a.project_id = $2 AND a.organisation_id = $3
           AND a.expires_at > now()
         ORDER BY e.number`,
      [id, owner.projectId, owner.organisationId, after, limit],
    );
    return mapped(asked, (rows) => {
      const [first] = rows;
      if (first === undefined) return undefined;
      const events = rows.flatMap(({ event }) => (event === null ? [] : [event]));
      return { events, ended: first.ended && events.length < limit };
    });
  }

  orphans(mine: readonly string[]): Asked<readonly Orphan[]> {
    const { id, epoch } = this.#gateway;
    const asked = this.#asking.ask<OrphanRow>(ORPHANS, [id, `${epoch}`, mine]);
    return mapped(asked, (rows) =>
      rows.map((row) => ({
        owner: { organisationId: row.organisation_id, projectId: row.project_id },
        answer: answerOf(row),
        events: Number(row.events),
      })),
    );
  }
}

type StandingRow = { readonly cancel_asked: boolean | null; readonly there: boolean };
type EventRow = { readonly event: string | null; readonly ended: boolean };
type OrphanRow = AnswerRow & {
  readonly organisation_id: string;
  readonly project_id: string;
  readonly events: string;
};

const RUNNING = "('queued', 'in_progress')";

const BEGIN = `
  INSERT INTO ${INSERT_ANSWER_COLUMNS}, gateway_id, epoch)
    SELECT ${ANSWER_VALUES}, $19, $20 WHERE ${roomFor('$17', '$4', '$18')} RETURNING 1`;

const OURS = `id = $1 AND gateway_id = $2 AND epoch = $3 AND status IN ${RUNNING}`;

/** What was committed although its answer was lost comes again, and is the same. */
const ADD_EVENTS = `
  INSERT INTO stored_event (answer_id, number, organisation_id, project_id, event, bytes)
    SELECT $1, $6::int + e.place - 1, run.organisation_id, run.project_id, e.event, e.bytes
      FROM run, unnest($4::text[], $5::bigint[]) WITH ORDINALITY AS e (event, bytes, place)
    ON CONFLICT DO NOTHING`;

const STANDING = `
  SELECT (SELECT cancel_asked FROM run) AS cancel_asked,
    EXISTS (SELECT FROM stored_answer WHERE id = $1) AS there`;

/** Events alone: the answer's row, which may be large, is not written again. */
const GO_ON = `
  WITH run AS (
      SELECT cancel_asked, organisation_id, project_id FROM stored_answer WHERE ${OURS} FOR SHARE),
    added AS (${ADD_EVENTS})
  ${STANDING}`;

const CHANGE = `
  WITH run AS (
      UPDATE stored_answer SET status = $7, body = $8, output = $9, bytes = $10 WHERE ${OURS}
        RETURNING cancel_asked, organisation_id, project_id, conversation_id, expires_at),
    added AS (${ADD_EVENTS}),
    conv AS (
      UPDATE conversation AS c SET expires_at = greatest(c.expires_at, run.expires_at),
          next_position = c.next_position + cardinality($11::text[])
        FROM run WHERE c.id = run.conversation_id AND c.project_id = run.project_id
          AND c.organisation_id = run.organisation_id AND cardinality($11::text[]) > 0
        RETURNING c.id, c.organisation_id, c.project_id, c.next_position - cardinality($11::text[]) AS base),
    said AS (${insertItems(11)})
  ${STANDING}`;

/** Whoever is first takes them: from then on they are ours, and we bring them to an end. */
const ORPHANS = `
  WITH left_alone AS (
    SELECT a.id FROM stored_answer AS a LEFT JOIN gateway AS g ON g.id = a.gateway_id
      WHERE a.status IN ${RUNNING} AND (g.id IS NULL OR a.epoch < g.epoch
        OR g.heartbeat_at < now() - interval '${SILENT_MS} ms'
        OR (a.gateway_id = $1 AND a.epoch = $2 AND a.id <> ALL ($3::text[])))
      LIMIT ${ORPHANS_AT_ONCE} FOR UPDATE OF a SKIP LOCKED)
  UPDATE stored_answer AS a SET gateway_id = $1, epoch = $2 FROM left_alone WHERE a.id = left_alone.id
    RETURNING ${ANSWER_COLUMNS_OF_A}, a.organisation_id, a.project_id,
      (SELECT count(*) FROM stored_event AS e WHERE e.answer_id = a.id) AS events`;
