// START HERE for re-rating. Requests are rated first, in transactions of some thousands; then all that an organisation's came
// to is posted, in one. Each transaction holds the run's row and says in the same commit what it has done, so that two
// processes, a crash or a lost answer do nothing twice.

import type pg from 'pg';
import { err, ok, type Result } from '../../../lib/result.ts';
import type {
  NewRerating,
  Preview,
  Rerated,
  Rerating,
  ReratingAsk,
  ReratingProblem,
  Reratings,
} from '../../../ports/reratings.ts';
import { NOT_CALLED_OFF } from '../prices/price-rows.ts';
import { nextVersion, type SnapshotFeed } from '../snapshot-feed.ts';
import { WORK_MS } from '../time-slices.ts';
import { transaction } from '../transaction.ts';
import { postAdjustment } from './post-adjustment.ts';
import { previewRerating } from './preview.ts';
import { rateSome, REQUESTS_AT_ONCE } from './rate-requests.ts';
import { lockRun, readRuns } from './rerating-rows.ts';

const ATTEMPTS_MAX = 5;
const DEADLOCK = '40P01';
const UNPRICED_TIMEOUT_MS = 60_000;

export class PostgresReratings implements Reratings {
  readonly #pool: pg.Pool;
  readonly #feed: Pick<SnapshotFeed, 'reach'>;
  readonly #atOnce: number;

  constructor(pool: pg.Pool, feed: Pick<SnapshotFeed, 'reach'>, atOnce = REQUESTS_AT_ONCE) {
    this.#pool = pool;
    this.#feed = feed;
    this.#atOnce = atOnce;
  }

  async preview(ask: ReratingAsk): Rerated<Preview> {
    const problem = await this.#problemOf(ask);
    return problem === undefined ? ok(await previewRerating(this.#pool, ask)) : err(problem);
  }

  async begin(rerating: NewRerating): Rerated<Rerating> {
    const [before] = await readRuns(this.#pool, rerating.id);
    if (before !== undefined) return sameAs(before, rerating);
    const problem = (await this.#problemOf(rerating)) ?? (await unpricedIn(this.#pool, rerating));
    if (problem !== undefined) return err(problem);
    const open = await transaction(this.#pool, (client) => insertRun(client, rerating));
    if (open !== undefined && open !== rerating.id)
      return err({ kind: 'another-is-open', id: open });
    return this.#known(rerating.id, rerating);
  }

  async proceed(id: string): Rerated<Rerating> {
    const untilMs = performance.now() + WORK_MS;
    let isDone = false;
    while (!isDone && performance.now() < untilMs) {
      const step = await this.#step(id);
      if (step === undefined) return err({ kind: 'no-such-rerating', id });
      isDone = step === 'finished';
    }
    return this.#known(id);
  }

  async list(): Promise<readonly Rerating[]> {
    return readRuns(this.#pool);
  }

  async #known(id: string, sent?: NewRerating): Rerated<Rerating> {
    const [run] = await readRuns(this.#pool, id);
    if (run === undefined) return err({ kind: 'no-such-rerating', id });
    return sent === undefined ? ok(run) : sameAs(run, sent);
  }

  /** One transaction's worth. */
  async #step(id: string): Promise<'finished' | 'more' | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        const done = await transaction(this.#pool, (client) => takeStep(client, id, this.#atOnce));
        if (done?.snapshot !== undefined) await this.#feed.reach(done.snapshot);
        return done?.state;
      } catch (error) {
        const isDeadlock = error instanceof Error && 'code' in error && error.code === DEADLOCK;
        if (!isDeadlock || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #problemOf({ fromMs, toMs, version }: ReratingAsk): Promise<ReratingProblem | undefined> {
    const nowMs = Date.now();
    if (!(fromMs < toMs)) return { kind: 'span-empty' };
    if (toMs > nowMs) return { kind: 'span-not-over', nowMs };
    if (version === undefined) return undefined;
    const { rows } = await this.#pool.query<{ inForce: boolean }>(
      `SELECT effective_from <= clock_timestamp() AND ${NOT_CALLED_OFF} AS "inForce"
         FROM price_book_version WHERE version = $1`,
      [version],
    );
    const [row] = rows;
    if (row === undefined) return { kind: 'no-such-version', version };
    return row.inForce ? undefined : { kind: 'version-not-in-force', version };
  }
}

/** One at a time. Returns the one that is open. */
async function insertRun(client: pg.ClientBase, run: NewRerating): Promise<string | undefined> {
  await client.query('LOCK TABLE rerating IN SHARE ROW EXCLUSIVE MODE');
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM rerating LEFT JOIN rerating_finished AS f USING (number) WHERE f.number IS NULL LIMIT 1`,
  );
  const open = rows[0]?.id;
  if (open !== undefined) return open;
  await client.query(
    `INSERT INTO rerating (id, organisation_id, from_at, to_at, version, note, made_by)
       VALUES ($1, $2, to_timestamp($3::float8 / 1000), to_timestamp($4::float8 / 1000), $5, $6, $7)
       ON CONFLICT (id) DO NOTHING`,
    [
      run.id,
      run.organisationId ?? null,
      run.fromMs,
      run.toMs,
      run.version ?? null,
      run.note,
      run.by,
    ],
  );
  return undefined;
}

function sameAs(before: Rerating, sent: NewRerating): Result<Rerating, ReratingProblem> {
  for (const field of ['organisationId', 'fromMs', 'toMs', 'version', 'note', 'by'] as const) {
    if (before[field] !== sent[field]) return err({ kind: 'conflict', field });
  }
  return ok(before);
}

/** What was used in that time and has no price in the version; nobody is re-rated by half. */
async function unpricedIn(
  pool: pg.Pool,
  { organisationId, fromMs, toMs, version }: ReratingAsk,
): Promise<ReratingProblem | undefined> {
  if (version === undefined) return undefined;
  const models = await transaction(pool, async (client) => {
    await client.query(`SET LOCAL statement_timeout = ${UNPRICED_TIMEOUT_MS}; SET LOCAL jit = off`);
    const { rows } = await client.query<{ name: string }>(
      `SELECT DISTINCT CASE u.tier WHEN 'standard' THEN u.model ELSE u.model || ' (' || u.tier || ')' END AS name
         FROM organisation AS o
         CROSS JOIN LATERAL (
           SELECT model, tier FROM usage
             WHERE organisation_id = o.id AND started_at >= to_timestamp($2::float8 / 1000)
               AND started_at < to_timestamp($3::float8 / 1000) AND outcome <> 'failed'
             GROUP BY 1, 2
         ) AS u
         LEFT JOIN price AS p ON p.version = $4 AND p.model = u.model AND p.tier = u.tier
         WHERE ($1::text IS NULL OR o.id = $1) AND p.version IS NULL ORDER BY 1 LIMIT 20`,
      [organisationId ?? null, fromMs, toMs, version],
    );
    return rows.map(({ name }) => name);
  });
  return models.length === 0 ? undefined : { kind: 'unpriced', models };
}

type Stepped = { readonly state: 'finished' | 'more'; readonly snapshot?: number };

async function takeStep(
  client: pg.ClientBase,
  id: string,
  atOnce: number,
): Promise<Stepped | undefined> {
  const run = await lockRun(client, id);
  if (run === undefined) return undefined;
  if (run.finishedAtMs !== null) return { state: 'finished' };
  const organisationId = await nextOrganisation(client, run.number);
  if (organisationId === undefined) {
    await client.query('INSERT INTO rerating_finished (number) VALUES ($1)', [run.number]);
    return { state: 'finished' };
  }
  if (!(await rateSome(client, run, organisationId, atOnce))) return { state: 'more' };
  const thawed = await postAdjustment(client, run, organisationId);
  return { state: 'more', ...(thawed && { snapshot: await nextVersion(client) }) };
}

/** The first, in the order of ids, that has requests in that time and is not posted. */
async function nextOrganisation(
  client: pg.ClientBase,
  number: string,
): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT o.id FROM rerating AS r
       JOIN organisation AS o ON r.organisation_id IS NULL OR o.id = r.organisation_id
       LEFT JOIN rerated_organisation AS d ON d.number = r.number AND d.organisation_id = o.id
       WHERE r.number = $1 AND d.number IS NULL AND EXISTS (
         SELECT FROM usage AS u
           WHERE u.organisation_id = o.id AND u.started_at >= r.from_at AND u.started_at < r.to_at)
       ORDER BY o.id LIMIT 1`,
    [number],
  );
  return rows[0]?.id;
}
