// What a kill -9 takes is seen afterwards: what unfinished requests had produced is a cost of the house, once, and no customer's.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBooks, type Books } from './books.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

/** What an output token costs by that configuration. */
const TOKEN_NANO = 7_654n;
/** Two notes and some more. */
const RUNNING_MS = 3_000;

type Row = { readonly id: string; readonly amount: string };

async function lossesIn(books: Books) {
  const rows = await books.query(
    `SELECT id, amount_nano::text AS amount FROM transfer WHERE kind = 'crash' ORDER BY id`,
  );
  return rows as readonly Row[]; // as asked for
}

it('I2 I5 what was produced and not settled when the server was killed is booked once as crash_loss, and costs no customer anything', async () => {
  let turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG });
  const { dataDirectory, firstKey } = turnpike;
  const note = join(dataDirectory, 'unfinished-requests.json');
  try {
    const asked = async (content: string) =>
      await fetch(`${turnpike.origin}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${firstKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'scripted',
          stream: true,
          messages: [{ role: 'user', content }],
        }),
      });
    await (await asked('[[tokens=5]]')).text();
    const streams = await Promise.all([1, 2].map(() => asked('[[rate=100 tokens=4000]]')));
    const ids = streams.map((stream) => `crash:${stream.headers.get('x-request-id')}`).toSorted();
    const reads = streams.map((stream) => stream.text().catch(() => 'cut'));
    await sleep(RUNNING_MS);
    let creditNano: bigint;
    {
      await using books = openBooks(dataDirectory);
      creditNano = await books.creditNano();
    }
    const gone = once(turnpike.child, 'exit');
    turnpike.child.kill('SIGKILL');
    await gone;
    await Promise.all(reads);
    assert.ok(existsSync(note));

    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG, dataDirectory });
    {
      await using books = openBooks(dataDirectory);
      const losses = await lossesIn(books);
      assert.deepEqual(losses.map(({ id }) => id), ids);
      // At least a second of a hundred tokens each, and never more than was produced.
      for (const { amount } of losses) {
        assert.ok(BigInt(amount) > 50n * TOKEN_NANO && BigInt(amount) < 4_000n * TOKEN_NANO, amount);
      }
      const lost = losses.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
      const [account] = await books.query(`SELECT balance_nano::text AS b FROM account WHERE id = 'crash_loss'`);
      assert.equal(account?.['b'], `${-lost}`);
      assert.equal(await books.creditNano(), creditNano);
      assert.deepEqual(await books.findings(), []);
    }
    assert.ok(!existsSync(note), 'it is booked');
    assert.equal(await turnpike.stop(), 0);
    assert.ok(!existsSync(note), 'a server that stops leaves nothing unfinished');
    turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG, dataDirectory });
    await using books = openBooks(dataDirectory);
    assert.equal((await lossesIn(books)).length, 2);
  } finally {
    await turnpike[Symbol.asyncDispose]();
  }
}); // prettier-ignore
