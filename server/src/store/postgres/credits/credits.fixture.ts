// Credits in a time that the test makes: an organisation, charges and holds as the request path leaves them in the books, and
// blocks that begin and end when the test says so.

import type { Pool } from 'pg';
import type { NewCredits, Reversal } from '../../../domain/credits/credit-block.ts';
import { nano } from '../../../domain/money/nano.ts';
import { newId } from '../../../lib/ids.ts';
import { MemoryCredits } from '../../memory/credits.ts';
import type { SnapshotFeed } from '../snapshot-feed.ts';
import { PostgresCredits } from './postgres-credits.ts';

/** When every test begins. */
export const START_MS = Date.UTC(2026, 0, 31);

/** One organisation in PostgreSQL and beside it, where every charge burns at once. */
export class CreditsUnderTest {
  readonly organisationId = newId('org');
  readonly credits: PostgresCredits;
  readonly model = new MemoryCredits();
  readonly #pool: Pool;
  held = 0n;
  nowMs = START_MS;
  #names = 0;
  #charges = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
    // Only a frozen or thawed organisation is told to gateways; nobody listens here.
    const feed = { reach: async () => {} } satisfies Pick<SnapshotFeed, 'reach'>;
    const clock = async () => new Date(this.nowMs);
    this.credits = new PostgresCredits(pool, feed, undefined, clock);
  }

  static async make(pool: Pool): Promise<CreditsUnderTest> {
    const made = new CreditsUnderTest(pool);
    const { organisationId: id } = made;
    await pool.query('INSERT INTO organisation (id, name) VALUES ($1, $1)', [id]);
    await pool.query(
      `INSERT INTO account (id, kind, organisation_id) VALUES ('credits:' || $1::text, 'credits', $1)`,
      [id],
    );
    await pool.query(
      `INSERT INTO account (id, kind) VALUES ('revenue:m', 'revenue') ON CONFLICT DO NOTHING`,
    );
    return made;
  }

  /** An id that nobody else has; `word` is for people. */
  name(word: string): string {
    return `${word}-${this.organisationId}-${++this.#names}`;
  }

  /** Blocks are named in the order in which they are added. */
  async add(word: string, amountNano: bigint, facts: Partial<NewCredits> = {}): Promise<string> {
    const { organisationId } = this;
    const id = this.name(word);
    const credits = {
      source: 'manual',
      ...facts,
      id,
      organisationId,
      amountNano: nano(amountNano),
    } as const;
    await this.credits.add(credits);
    return id;
  }

  async reverse(blockId: string, amountNano: bigint, reason: Reversal['reason'] = 'refund') {
    const reversal = { id: this.name('reversal'), blockId, amountNano: nano(amountNano), reason };
    return this.credits.reverse(reversal);
  }

  /** What the request path does to the books when a request is settled, at this time. */
  async charge(amount: bigint, released = 0n): Promise<void> {
    const account = `credits:${this.organisationId}`;
    await this.#pool.query(
      `WITH t AS (INSERT INTO transfer (id, debit, credit, amount_nano, kind, created_at)
           VALUES ($1, $2, 'revenue:m', $3, 'settle', $4)),
         r AS (UPDATE account SET balance_nano = balance_nano + $3 WHERE id = 'revenue:m')
       UPDATE account SET balance_nano = balance_nano - $3, held_nano = held_nano - $5 WHERE id = $2`,
      [
        `settle:${this.organisationId}:${++this.#charges}`,
        account,
        `${amount}`,
        new Date(this.nowMs),
        `${released}`,
      ],
    );
    this.held -= released;
  }

  async hold(amount: bigint): Promise<void> {
    await this.#pool.query('UPDATE account SET held_nano = held_nano + $2 WHERE id = $1', [
      `credits:${this.organisationId}`,
      `${amount}`,
    ]);
    this.held += amount;
  }

  async free(): Promise<bigint> {
    const { rows } = await this.#pool.query<{ free: string }>(
      'SELECT balance_nano - held_nano AS free FROM account WHERE id = $1',
      [`credits:${this.organisationId}`],
    );
    return BigInt(rows[0]?.free ?? 0);
  }

  /** Block by block: `promo 40, manual 60`, without those that have ended. */
  async left(): Promise<string> {
    const account = await this.credits.account(this.organisationId);
    const live = account?.blocks.filter(({ state }) => state === 'live') ?? [];
    return live
      .map(({ id, remainingNano }) => `${id.split(/[-/]/)[0]} ${remainingNano}`)
      .join(', ');
  }

  async house(account: string): Promise<bigint> {
    const { rows } = await this.#pool.query<{ balance: string }>(
      'SELECT balance_nano AS balance FROM account WHERE id = $1',
      [account],
    );
    return BigInt(rows[0]?.balance ?? 0);
  }
}
