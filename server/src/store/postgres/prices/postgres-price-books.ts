// Price books in PostgreSQL. Whatever gateways must know of takes the next snapshot version in the same transaction, and is
// in this process's snapshot before the promise resolves.

import type pg from 'pg';
import { afterStep, scheduleProblem, type DraftStep } from '../../../domain/pricing/price-draft.ts';
import { underRules, type PriceRule } from '../../../domain/pricing/price-rules.ts';
import { err, ok, type Result } from '../../../lib/result.ts';
import type {
  Book,
  Consent,
  Draft,
  Drafted,
  NewBook,
  Outcome,
  PriceBooks,
  PriceProblem,
  Simulated,
  Version,
} from '../../../ports/price-books.ts';
import { nextVersion, type SnapshotFeed } from '../snapshot-feed.ts';
import { remakeAll } from './contract-books.ts';
import { draftOf, readBook, readDraft, SELECT_DRAFT, type DraftRow } from './draft-rows.ts';
import { callOffVersion } from './call-off.ts';
import { readVersions } from './version-rows.ts';
import { insertVersion, loadPrices, lockPublishing } from './price-rows.ts';
import { modelsToJson, rulesFromJson, rulesToJson, type StoredRule } from './rule-rows.ts';
import { simulatePrices } from './simulate-prices.ts';

const LIST_ROWS_MAX = 1_000;

type Made<T> = Result<T, PriceProblem>;

export class PostgresPriceBooks implements PriceBooks {
  readonly #pool: pg.Pool;
  readonly #feed: SnapshotFeed;

  constructor(pool: pg.Pool, feed: SnapshotFeed) {
    this.#pool = pool;
    this.#feed = feed;
  }

  async books(): Promise<readonly Book[]> {
    const { rows } = await this.#pool.query<{
      id: string;
      name: string;
      base: string | null;
      approvalRequired: boolean;
      rules: readonly StoredRule[] | null;
      organisations: string;
    }>(
      `SELECT b.id, b.name, b.base, b.approval_required AS "approvalRequired",
           (SELECT rules FROM price_book_rules AS r WHERE r.book_id = b.id AND r.effective_from <= clock_timestamp()
             ORDER BY effective_from DESC, created_at DESC LIMIT 1) AS rules,
           (SELECT count(DISTINCT organisation_id) FROM organisation_price_book AS o WHERE o.book_id = b.id) AS organisations
         FROM price_book AS b ORDER BY b.created_at, b.id LIMIT ${LIST_ROWS_MAX}`,
    );
    return rows.map(({ base, rules, organisations, ...book }) => ({
      ...book,
      ...(base !== null && { base }),
      rules: rulesFromJson(rules ?? []),
      organisations: Number(organisations),
    }));
  }

  createBook({ id, name, approvalRequired, of, by }: NewBook): Outcome<true> {
    return this.#publish(async (client) => {
      if (of !== undefined) {
        const base = await readBook(client, of.base);
        if (base === undefined) return err({ kind: 'no-such-book', book: of.base });
        // One step, so that what a price is made of can be seen at a glance.
        if (base.base !== null) return err({ kind: 'book-of-rules', book: of.base });
      }
      const { rowCount } = await client.query(
        `INSERT INTO price_book (id, name, base, approval_required) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
        [id, name, of?.base, approvalRequired],
      );
      if (rowCount === 0) return err({ kind: 'book-exists', book: id });
      if (of !== undefined)
        await insertRules(client, { id, base: of.base }, of.rules, undefined, by);
      return ok(true);
    });
  }

  setRules(
    bookId: string,
    rules: readonly PriceRule[],
    fromMs: number | undefined,
    by: string,
  ): Outcome<true> {
    return this.#publish(async (client) => {
      const book = await readBook(client, bookId);
      if (book === undefined) return err({ kind: 'no-such-book', book: bookId });
      if (book.base === null) return err({ kind: 'book-without-base', book: bookId });
      if (fromMs !== undefined && fromMs < Date.now()) {
        return err({ kind: 'price-in-the-past', nowMs: Date.now() });
      }
      await insertRules(client, { id: bookId, base: book.base }, rules, fromMs, by);
      return ok(true);
    });
  }

  assign(
    organisationId: string,
    bookId: string,
    fromMs: number | undefined,
    by: string,
  ): Outcome<true> {
    return this.#publish(async (client) => {
      if ((await readBook(client, bookId)) === undefined) {
        return err({ kind: 'no-such-book', book: bookId });
      }
      const { books } = await loadPrices(client);
      const nowMs = Date.now();
      const begins = books.get(bookId)?.some((version) => version.fromMs <= (fromMs ?? nowMs));
      if (begins !== true) return err({ kind: 'book-not-in-force', book: bookId });
      if (fromMs !== undefined && fromMs < nowMs) return err({ kind: 'price-in-the-past', nowMs });
      await client.query(
        `INSERT INTO organisation_price_book (organisation_id, effective_from, book_id, made_by)
           VALUES ($1, coalesce(to_timestamp($2::float8 / 1000), clock_timestamp()), $3, $4)`,
        [organisationId, fromMs, bookId, by],
      );
      return ok(true);
    });
  }

  async drafts(): Promise<readonly Draft[]> {
    const { rows } = await this.#pool.query<DraftRow>(
      `${SELECT_DRAFT} ORDER BY created_at DESC, id LIMIT ${LIST_ROWS_MAX}`,
    );
    return rows.map(draftOf);
  }

  saveDraft({ id, bookId, models, withdrawn, note, by }: Drafted): Outcome<Draft> {
    return this.#transaction(async (client) => {
      const book = await readBook(client, bookId);
      if (book === undefined) return err({ kind: 'no-such-book', book: bookId });
      if (book.base !== null) return err({ kind: 'book-of-rules', book: bookId });
      const before = await readDraft(client, id);
      if (before !== undefined && afterStep(before.state, 'change') === null) {
        return err({ kind: 'price-immutable', state: before.state });
      }
      await client.query(
        `INSERT INTO price_draft (id, book_id, state, models, withdrawn, note, made_by)
           VALUES ($1, $2, 'draft', $3, $4, $5, $6)
           ON CONFLICT (id) DO UPDATE SET book_id = excluded.book_id, state = 'draft', models = excluded.models,
             withdrawn = excluded.withdrawn, note = excluded.note, made_by = excluded.made_by, approved_by = NULL,
             changed_at = now()`,
        [id, bookId, modelsToJson(models), withdrawn, note, by],
      );
      return this.#known(client, id);
    });
  }

  approveDraft(id: string, by: string): Outcome<Draft> {
    return this.#transaction(async (client) => {
      const step = await taken(client, id, 'approve');
      if (!step.ok) return step;
      if (step.value.by === by) return err({ kind: 'approval-required' });
      await client.query(
        `UPDATE price_draft SET state = 'approved', approved_by = $2 WHERE id = $1`,
        [id, by],
      );
      return this.#known(client, id);
    });
  }

  scheduleDraft(id: string, fromMs: number | undefined, by: string): Outcome<Draft> {
    return this.#publish(async (client) => {
      const step = await taken(client, id, 'schedule');
      if (!step.ok) return step;
      const { bookId, state, models, withdrawn, note } = step.value;
      const book = await readBook(client, bookId);
      if (book?.approval_required === true && state !== 'approved') {
        return err({ kind: 'approval-required' });
      }
      const nowMs = Date.now();
      const effectiveFromMs = fromMs ?? nowMs;
      const versions = (await loadPrices(client)).books.get(bookId) ?? [];
      const problem = scheduleProblem(
        { models, withdrawn, effectiveFromMs },
        {
          nowMs,
          before: versions.findLast((one) => one.fromMs <= effectiveFromMs)?.value.models,
          scheduledFromMs: versions.map((one) => one.fromMs).filter((ms) => ms > nowMs),
        },
      );
      if (problem !== undefined) return err(problem);
      const when = fromMs !== undefined && { effectiveFromMs: fromMs };
      const version = await insertVersion(client, {
        bookId,
        models,
        note,
        by,
        source: 'draft',
        ...when,
      });
      await client.query(`UPDATE price_draft SET state = 'scheduled', version = $2 WHERE id = $1`, [
        id,
        version,
      ]);
      await remakeAll(client, bookId);
      return this.#known(client, id);
    });
  }

  discardDraft(id: string): Outcome<Draft> {
    return this.#transaction(async (client) => {
      const step = await taken(client, id, 'discard');
      if (!step.ok) return step;
      await client.query(`UPDATE price_draft SET state = 'discarded' WHERE id = $1`, [id]);
      return this.#known(client, id);
    });
  }

  callOff(version: number, by: string, reason: string): Outcome<Version> {
    return this.#publish(async (client) => {
      const done = await callOffVersion(client, version, by, reason);
      if (!done.ok) return done;
      const [found] = await readVersions(client, 'version = $1', version);
      return found === undefined ? err({ kind: 'no-such-version', version }) : ok(found);
    });
  }

  async history(bookId: string): Promise<readonly Version[]> {
    return readVersions(this.#pool, 'book_id = $1', bookId);
  }

  async simulate(
    { bookId, models }: Pick<Drafted, 'bookId' | 'models'>,
    span: { readonly fromMs: number; readonly toMs: number },
  ): Outcome<Simulated> {
    const known = await this.books();
    if (!known.some(({ id }) => id === bookId)) return err({ kind: 'no-such-book', book: bookId });
    const books = new Map([[bookId, models]]);
    for (const book of known) {
      if (book.base === bookId) books.set(book.id, underRules(models, book.rules));
    }
    return ok(await simulatePrices(this.#pool, books, span));
  }

  async consents(projectId: string): Promise<readonly Consent[]> {
    const { rows } = await this.#pool.query<Consent>(
      `SELECT kind, text_version AS "textVersion", by_whom AS by, extract(epoch FROM at)::float8 * 1000 AS "atMs"
         FROM data_use_consent WHERE project_id = $1 ORDER BY id DESC LIMIT ${LIST_ROWS_MAX}`,
      [projectId],
    );
    return rows;
  }

  async recordConsent(
    projectId: string,
    { kind, textVersion, by }: Omit<Consent, 'atMs'>,
  ): Promise<void> {
    await this.#publish(async (client) => {
      await client.query(
        'INSERT INTO data_use_consent (project_id, kind, text_version, by_whom) VALUES ($1, $2, $3, $4)',
        [projectId, kind, textVersion, by],
      );
      return ok(true);
    });
  }

  async #known(client: pg.ClientBase, id: string): Promise<Made<Draft>> {
    const draft = await readDraft(client, id);
    return draft === undefined ? err({ kind: 'no-such-draft', draft: id }) : ok(draft);
  }

  /** For what gateways must know of: one after the other. */
  async #publish<T>(work: (client: pg.ClientBase) => Promise<Made<T>>): Promise<Made<T>> {
    let version: number | undefined;
    const made = await this.#transaction(async (client) => {
      await lockPublishing(client);
      const done = await work(client);
      if (done.ok) version = await nextVersion(client);
      return done;
    });
    if (version !== undefined) await this.#feed.reach(version);
    return made;
  }

  /** What is refused leaves nothing behind. */
  async #transaction<T>(work: (client: pg.ClientBase) => Promise<Made<T>>): Promise<Made<T>> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      const made = await work(client);
      await client.query(made.ok ? 'COMMIT' : 'ROLLBACK');
      client.release();
      return made;
    } catch (error) {
      client.release(true); // Closing the connection rolls back, whatever state it is in.
      throw error;
    }
  }
}

async function insertRules(
  client: pg.ClientBase,
  book: { readonly id: string; readonly base: string },
  rules: readonly PriceRule[],
  fromMs: number | undefined,
  by: string,
): Promise<void> {
  await client.query(
    `INSERT INTO price_book_rules (book_id, effective_from, rules, made_by)
       VALUES ($1, coalesce(to_timestamp($2::float8 / 1000), clock_timestamp()), $3, $4)`,
    [book.id, fromMs, rulesToJson(rules), by],
  );
  await remakeAll(client, book.base);
}

/** The draft, if the step may be taken. */
async function taken(client: pg.ClientBase, id: string, step: DraftStep): Promise<Made<Draft>> {
  const draft = await readDraft(client, id);
  if (draft === undefined) return err({ kind: 'no-such-draft', draft: id });
  if (afterStep(draft.state, step) !== null) return ok(draft);
  return err({ kind: 'price-immutable', state: draft.state });
}
