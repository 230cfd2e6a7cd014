// Receipts while requests are on their way: what may still come is waited for, what can't is not.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hold } from '../../domain/ledger/hold.ts';
import { nano } from '../../domain/money/nano.ts';
import { newRequestId } from '../../lib/ids.ts';
import { manualCredits, newCustomer } from '../../ports/accounts.contract.ts';
import { testSettlement } from '../../ports/ledger.contract.ts';
import {
  mustOpen,
  type SocketConnection,
  startTestPostgres,
  type TestPostgres,
} from './database.fixture.ts';
import type { Store } from './store.ts';

/** The whole wait for what may come is 925 ms; a look is a few. */
const AT_ONCE_MS = 500;

describe('a receipt', () => {
  let postgres: TestPostgres;
  let connection: SocketConnection;
  let scratch: string;
  let owner: { organisationId: string; projectId: string };
  let first: Store;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'turnpike-receipts-'));
    postgres = await startTestPostgres();
    connection = await postgres.newDatabase();
    first = await open('first');
    const { organisation, project } = await newCustomer(first.accounts);
    owner = { organisationId: organisation.id, projectId: project.id };
    await first.accounts.addCredits(manualCredits(organisation.id, 1_000_000_000n));
  });
  after(async () => {
    await first[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true });
  });

  const open = (gatewayId: string) =>
    mustOpen(connection, { gatewayId, logDirectory: join(scratch, gatewayId) });

  async function ask(store: Store, id: string) {
    const began = performance.now();
    const found = await store.receipts.receipt(owner, id);
    assert.ok(found.ok);
    return { receipt: found.value, tookMs: performance.now() - began };
  }

  async function held(store: Store, requestId: string): Promise<Hold> {
    const { organisationId } = owner;
    const amounts = { wantNano: nano(100n), leastNano: nano(100n) };
    const outcome = await store.ledger.hold({ requestId, organisationId, ...amounts });
    assert.ok(outcome.kind === 'held', outcome.kind);
    return outcome.hold;
  }

  async function settled(store: Store, id: string): Promise<void> {
    const hold = await held(store, id);
    const settlement = { ...testSettlement(hold, 100n), projectId: owner.projectId };
    assert.equal((await store.ledger.settle(hold, settlement)).kind, 'settled');
  }

  it('of an id that there is not is refused at once', async () => {
    const now = Date.now();
    const times = [now, now - 86_400_000, now + 86_400_000, 0];
    for (const id of [...times.map(newRequestId), `req_${'0'.repeat(32)}`, 'nonsense']) {
      const { receipt, tookMs } = await ask(first, id);
      assert.equal(receipt, undefined);
      assert.ok(tookMs < AT_ONCE_MS, `${id}: ${tookMs} ms`);
    }
  });

  it('of a request that runs is waited for', async () => {
    const id = newRequestId(Date.now() - 7_200_000);
    const hold = await held(first, id);
    const asked = ask(first, id);
    await sleep(150);
    await first.ledger.settle(hold, { ...testSettlement(hold, 100n), projectId: owner.projectId });
    assert.equal((await asked).receipt?.chargedNano, 100n);
  });

  it('is there as soon as its settle is answered, here and at every other gateway', async () => {
    await using second = await open('second');
    for (let n = 0; n < 10; n++) {
      const id = newRequestId(Date.now());
      await settled(n % 2 === 0 ? first : second, id);
      const [here, there] = await Promise.all([ask(first, id), ask(second, id)]);
      assert.equal(here.receipt?.chargedNano, 100n);
      assert.equal(there.receipt?.chargedNano, 100n);
    }
    for (const ms of [0, Date.now() - 86_400_000]) {
      const { receipt, tookMs } = await ask(first, newRequestId(ms));
      assert.equal(receipt, undefined);
      assert.ok(tookMs < AT_ONCE_MS, `${tookMs} ms`);
    }
    const { receipt } = await ask(first, newRequestId(Date.now()));
    assert.equal(receipt, undefined, 'another gateway could have had it: waited for in vain');
  });
});
