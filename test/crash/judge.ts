// What must be so after each crash, once the crowds have gone home: everything that somebody was told is in the books, once
// and with the same amount; every cent paid in is there or charged; no limit is exceeded; nobody dead holds anything.

import assert from 'node:assert/strict';
import { parseDollars } from '../../server/src/domain/money/nano.ts';
import type { Books } from '../e2e/books.ts';
import type { Town } from './town.ts';

/** Throws what it finds. */
export async function judge(town: Town, books: Books): Promise<void> {
  await assertAnswersAreRecorded(town, books);
  assert.deepEqual(await books.findings(), []);
  await assertMoneyAddsUp(town, books);
  await assertLimitsHold(town, books);
  const dead = await books.query(
    `SELECT l.account_id FROM lease AS l JOIN gateway AS g ON g.id = l.gateway_id WHERE l.epoch < g.epoch
       UNION ALL SELECT h.organisation_id FROM hold AS h JOIN gateway AS g ON g.id = h.gateway_id WHERE h.epoch < g.epoch`,
  );
  assert.deepEqual(dead, [], 'I8 a start that is over holds something');
}

async function assertAnswersAreRecorded(town: Town, books: Books): Promise<void> {
  const recorded = await books.recorded(); // waits until what was answered is applied
  const cost = new Map(
    (
      await books.query(
        `SELECT 'req_' || replace(request_id::text, '-', '') AS id, cost_nano::text AS cost FROM usage`,
      )
    ).map((row) => [row['id'], row['cost']]),
  );
  for (const { requestId, costUsd } of town.answered) {
    assert.deepEqual(recorded.get(requestId), { times: 1, outcome: 'completed' }, requestId);
    if (costUsd !== undefined) assert.equal(cost.get(requestId), `${parseDollars(costUsd)}`);
  }
  town.answered = [];
}

async function assertMoneyAddsUp(town: Town, books: Books): Promise<void> {
  const rows = await books.query(
    `SELECT a.organisation_id AS id, (a.balance_nano + coalesce(sum(u.charged_nano), 0))::text AS "paidIn"
       FROM account AS a LEFT JOIN usage AS u USING (organisation_id)
       WHERE a.kind = 'credits' AND a.organisation_id = ANY ($1) GROUP BY a.id`,
    [[...town.paidInNano.keys()]],
  );
  const paidIn = new Map(rows.map(({ id, paidIn: amount }) => [id, amount]));
  for (const [id, amount] of town.paidInNano) assert.equal(paidIn.get(id), `${amount}`, id);
}

async function assertLimitsHold(town: Town, books: Books): Promise<void> {
  const windows = await books.query(
    `SELECT w.account_id AS id, w.limit_nano::text AS "limit", a.balance_nano::text AS "left"
       FROM budget_window AS w JOIN account AS a ON a.id = w.account_id`,
  );
  for (const { id, limit, left } of windows) {
    assert.equal(limit, `${town.limitNano}`, `${String(id)} has the limit that was set last`);
    assert.ok(BigInt(String(left)) >= 0n, `I9 ${String(id)} is exceeded: ${String(left)} is left`);
  }
}
