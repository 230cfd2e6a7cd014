// START HERE for credits: what people and payments do to an organisation's blocks. Each is one transaction that begins with
// a look at the account (`ledger_look()`), which locks it and brings its blocks up to date.

import type pg from 'pg';
import {
  factsOf,
  type NewCredits,
  problemOf,
  type Reversal,
} from '../../../domain/credits/credit-block.ts';
import type { BillId } from '../../../domain/payments/bill.ts';
import { type Nano, nano } from '../../../domain/money/nano.ts';
import { assert } from '../../../lib/assert.ts';
import type {
  Balance,
  CreditAccount,
  CreditAdded,
  CreditsReversed,
} from '../../../ports/accounts.ts';
import { type LeasesInMemory, readBalance } from '../balance.ts';
import { nextVersion, type SnapshotFeed } from '../snapshot-feed.ts';
import { transaction } from '../transaction.ts';
import { duePaid, meantFor } from '../plans/settle-due.ts';
import { addBlock } from './add-credits.ts';
import { dueOrganisations, nextDue } from './due.ts';
import { readBlocks } from './block-row.ts';
import { thaw } from './freeze.ts';
import { bookTime, look } from './look.ts';
import { balanceOfAccount, openAccount } from './moves.ts';
import { reverseBlock } from './reverse-credits.ts';

/** For tests, which make the books' time themselves. */
export type BookClock = (client: pg.ClientBase) => Promise<Date>;

export class PostgresCredits {
  readonly #pool: pg.Pool;
  readonly #feed: Pick<SnapshotFeed, 'reach'>;
  readonly #leases: LeasesInMemory | undefined;
  readonly #clock: BookClock;

  constructor(
    pool: pg.Pool,
    feed: Pick<SnapshotFeed, 'reach'>,
    leases?: LeasesInMemory,
    clock: BookClock = bookTime,
  ) {
    this.#pool = pool;
    this.#feed = feed;
    this.#leases = leases;
    this.#clock = clock;
  }

  async add(credits: NewCredits, pays?: BillId): Promise<CreditAdded> {
    const facts = factsOf(credits);
    const problem = problemOf(facts);
    assert(
      problem === undefined,
      `credits are checked before: ${problem?.field} ${problem?.problem}`,
    );
    const done = await transaction(this.#pool, async (client) => {
      const at = await this.#clock(client);
      const meant = pays === undefined ? {} : await meantFor(client, facts, pays);
      const added = await addBlock(client, facts, at, meant);
      if (added.kind === 'conflict') return { answer: added, version: undefined };
      if (added.kind === 'added' && meant.dueId !== undefined)
        await duePaid(client, meant.dueId, facts.provider, at);
      const thawed = added.kind === 'added' && (await thaw(client, facts.organisationId));
      const balance = await this.#balance(client, facts.organisationId);
      const version = thawed ? await nextVersion(client) : undefined;
      return { answer: { ...added, balance }, version };
    });
    if (done.version !== undefined) await this.#feed.reach(done.version);
    return done.answer;
  }

  async reverse(reversal: Reversal): Promise<CreditsReversed> {
    assert(reversal.amountNano > 0n, 'a reversal is more than nothing');
    const done = await transaction(this.#pool, async (client) => {
      const at = await this.#clock(client);
      const { answer: reversed, froze } = await reverseBlock(client, reversal, at);
      return { answer: reversed, version: froze ? await nextVersion(client) : undefined };
    });
    if (done.version !== undefined) await this.#feed.reach(done.version);
    return done.answer;
  }

  /** Burns what was charged first, so that what is shown is what is. */
  async account(organisationId: string): Promise<CreditAccount | undefined> {
    return transaction(this.#pool, async (client) => {
      const known = await client.query('SELECT FROM organisation WHERE id = $1', [organisationId]);
      if (known.rowCount === 0) return undefined;
      await look(client, organisationId, await this.#clock(client));
      const { rows } = await client.query<{ limit: string; frozen: boolean }>(
        'SELECT credit_limit_nano AS limit, frozen FROM credit_position WHERE organisation_id = $1',
        [organisationId],
      );
      const owed = await balanceOfAccount(client, `receivable:${organisationId}`);
      return {
        blocks: await readBlocks(client, organisationId),
        pendingNano: nano(await balanceOfAccount(client, `pending_credits:${organisationId}`)),
        owedNano: nano(-owed),
        creditLimitNano: nano(BigInt(rows[0]?.limit ?? 0)),
        frozen: rows[0]?.frozen ?? false,
      };
    });
  }

  async setLimit(organisationId: string, limitNano: Nano): Promise<boolean> {
    assert(limitNano >= 0n, 'a credit limit is not negative');
    const done = await transaction(this.#pool, async (client) => {
      const known = await client.query('SELECT FROM organisation WHERE id = $1', [organisationId]);
      if (known.rowCount === 0) return undefined;
      const at = await this.#clock(client);
      await look(client, organisationId, at);
      await openAccount(client, `credit_line:${organisationId}`, 'credit-line', organisationId);
      await openAccount(client, `receivable:${organisationId}`, 'receivable', organisationId);
      await client.query(
        'UPDATE credit_position SET credit_limit_nano = $2 WHERE organisation_id = $1',
        [organisationId, `${limitNano}`],
      );
      await look(client, organisationId, at);
      const thawed = await thaw(client, organisationId);
      return { version: thawed ? await nextVersion(client) : undefined };
    });
    if (done?.version !== undefined) await this.#feed.reach(done.version);
    return done !== undefined;
  }

  async tend(): Promise<{ readonly nextInMs?: number }> {
    for (const organisationId of await dueOrganisations(this.#pool)) {
      await transaction(this.#pool, async (client) =>
        look(client, organisationId, await this.#clock(client)),
      );
    }
    return nextDue(this.#pool);
  }

  async #balance(client: pg.ClientBase, organisationId: string): Promise<Balance> {
    const balance = await readBalance(client, organisationId, this.#leases);
    assert(balance !== undefined, 'credits belong to an organisation');
    return balance;
  }
}
