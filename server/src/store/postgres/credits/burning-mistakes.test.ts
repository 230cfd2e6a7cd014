// Mistakes planted in how blocks burn, begin and end: the comparison with the model that burns at once must find each.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { NewCredits } from '../../../domain/credits/credit-block.ts';
import {
  mustOpen,
  poolTo,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from '../database.fixture.ts';
import { planted, type SqlMistake } from '../planted.fixture.ts';
import { burningIsSame, type Step } from './both.fixture.ts';

const BURN = { file: '7-credits-burn.sql', function: 'ledger_burn_part' };
const LOOK = { file: '8-credits-look.sql', function: 'ledger_look' };
const END = { file: '8-credits-look.sql', function: 'ledger_end' };

const MISTAKES: readonly SqlMistake[] = [
  {
    ...BURN,
    name: 'burns a block after it has expired',
    find: 'AND (expires_at IS NULL OR expires_at > alive_after)',
    replace: '',
  },
  {
    ...BURN,
    name: 'burns before a block is effective',
    find: 'AND effective AND remaining_nano > 0',
    replace: 'AND remaining_nano > 0',
  },
  {
    ...BURN,
    name: 'burns what expires last first',
    find: 'ORDER BY priority, expires_at NULLS LAST,',
    replace: 'ORDER BY priority, expires_at DESC NULLS LAST,',
  },
  {
    ...BURN,
    name: 'burns what was paid for before what was given',
    find: 'burn_rank(source),',
    replace: '-burn_rank(source),',
  },
  {
    ...BURN,
    name: 'ignores priorities',
    find: 'ORDER BY priority, expires_at',
    replace: 'ORDER BY expires_at',
  },
  {
    ...LOOK,
    name: 'looks at the last moment alone',
    find: '    PERFORM ledger_burn_before(of_organisation, moment, at);\n',
    replace: '',
  },
  {
    ...END,
    name: 'lets expire what running requests have set aside',
    find: 'part := least(b.remaining, free);',
    replace: 'part := b.remaining;',
  },
  {
    ...END,
    name: 'forgets what could not be taken back',
    find: 'UPDATE credit_block SET reversing_nano = reversing_nano - part WHERE id = b.id;',
    replace: '',
  },
];

const add = (amount: bigint, facts: Partial<NewCredits> = {}): Step => ({
  do: 'add',
  amount,
  facts,
});
const pass = (ms: number): Step => ({ do: 'pass', ms });
const some = (what: 'hold' | 'charge' | 'release' | 'reverse', share: number): Step => ({
  do: what,
  share,
});

/** What chance seldom brings together comes first. */
const EXAMPLES: readonly (readonly Step[])[] = [
  [add(50n, { priority: 2, expiresAtMs: 30 }), add(50n, { priority: 0 }), some('charge', 50)],
  [add(50n), add(50n, { source: 'promo' }), some('charge', 50)],
  [add(50n, { expiresAtMs: 60 }), add(50n, { expiresAtMs: 30 }), some('charge', 50)],
  [add(50n, { priority: 0, effectiveAtMs: 10 }), add(50n), some('charge', 60), pass(20)],
  // It expires while most of all credit is set aside, and is charged for afterwards.
  [add(90n, { expiresAtMs: 10 }), add(50n), some('hold', 86), pass(20), some('charge', 40)],
  // Owed, because it was set aside, twice: each block pays for itself.
  [
    add(30n),
    some('hold', 100),
    some('reverse', 20),
    some('release', 100),
    { do: 'look' },
    add(50n),
    some('hold', 100),
    some('reverse', 21),
    some('release', 100),
  ],
];

/** The same every time. */
const RUNS = {
  seed: 15,
  numRuns: 30,
  endOnFailure: true,
  examples: EXAMPLES.map((steps): [Step[]] => [[...steps]]),
};

describe('I15 mistakes in burning are found', { concurrency: 2 }, () => {
  let postgres: TestPostgres;
  /** Has the schema, and nothing in it. */
  let schema: SocketConnection;
  before(async () => {
    postgres = await startTestPostgres();
    schema = await postgres.newDatabase();
    await (await mustOpen(schema))[Symbol.asyncDispose]();
  });
  after(() => postgres[Symbol.asyncDispose]());

  for (const mistake of MISTAKES) {
    test(mistake.name, async () => {
      await using pool = poolTo(await postgres.newDatabase(schema));
      await pool.query(planted(mistake));
      const { failed } = await fc.check(burningIsSame(pool), RUNS);
      assert.ok(failed, 'nobody has found it');
    });
  }
});
