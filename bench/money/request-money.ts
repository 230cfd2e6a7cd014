// What money costs a request in this thread: who calls, what may be held, the hold, the price, the settle and its record as
// bytes. Everything until the disk is asked; nothing of it waits.

import { randomBytes } from 'node:crypto';
import { formatKey, hashKey, KEY_RANDOM_BYTES } from '../../server/src/domain/accounts/key.ts';
import { newId, newRequestId } from '../../server/src/lib/ids.ts';
import { everythingBut } from '../../server/src/domain/generation/capabilities.ts';
import { DEFAULT_STAGE } from '../../server/src/domain/release/release-stage.ts';
import { ScriptedEngine } from '../../server/src/engines/scripted/scripted-engine.ts';
import { authenticate } from '../../server/src/gateway/authenticate.ts';
import type { Gateway } from '../../server/src/gateway/gateway.ts';
import { Admission } from '../../server/src/gateway/admit.ts';
import { takeHold } from '../../server/src/gateway/take-hold.ts';
import { systemClock } from '../../server/src/ports/clock.ts';
import type { Store } from '../../server/src/store/postgres/store.ts';
import { PRICE, settlementOf } from './settlement.ts';

/** At once, as in one turn of a busy event loop; few enough for the first group of the log. */
const AT_ONCE = 256;
const KEYS = 1_000;
/** More than lie between a hold and its settle. */
const MICROTASKS = 20;

type Customer = { readonly authorization: string; readonly organisationId: string };

export async function keysOf(
  store: Store,
  organisations: readonly string[],
): Promise<readonly Customer[]> {
  const customers: Customer[] = [];
  for (const organisationId of organisations) {
    const projectId = newId('prj');
    await store.accounts.createProject({ id: projectId, organisationId, name: 'bench' });
    for (let n = 0; n < KEYS / organisations.length; n++) {
      const key = formatKey(randomBytes(KEY_RANDOM_BYTES));
      const id = newId('key');
      const named = { id, projectId, name: 'bench', redacted: 'sk-tp-…' };
      await store.accounts.createKey({ ...named, hash: hashKey(key) });
      customers.push({ authorization: `Bearer ${key}`, organisationId });
    }
  }
  return customers;
}

/** Microseconds of this thread for each request, of all turns but the first, in which it becomes fast. */
export async function requestMoney(
  store: Store,
  customers: readonly Customer[],
  turns: number,
): Promise<number> {
  let spentUs = 0;
  for (let turn = 0; turn < 2 * turns; turn++) {
    const before = process.threadCpuUsage();
    const all = Array.from({ length: AT_ONCE }, (_, at) =>
      oneRequest(store, customers[(turn * AT_ONCE + at) % customers.length]),
    );
    // What follows from a hold in memory follows in this turn.
    for (let n = 0; n < MICROTASKS; n++) await Promise.resolve();
    const { user, system } = process.threadCpuUsage(before);
    if (turn >= turns) spentUs += user + system;
    await Promise.all(all);
  }
  return spentUs / turns / AT_ONCE;
}

const LOAD = { generationsRunning: 0, countsRunning: 0, stopping: false };
const OFFERED = {
  model: {
    id: 'acme-large',
    engine: new ScriptedEngine(),
    engineModel: 'acme-large',
    contextTokensMax: 131_072,
    outputTokensMax: 4_096,
    capabilities: everythingBut(),
    stage: DEFAULT_STAGE,
    createdAtSeconds: 0,
  },
  pinned: { price: PRICE, version: 1, tier: 'standard', prices: { standard: PRICE } },
} as const;
const DEMAND = { inputTokensMax: 1_500, outputTokensMax: 400, choices: 1, prompts: 1, grows: true };

async function oneRequest(store: Store, customer: Customer | undefined): Promise<void> {
  const startedAtMs = Date.now();
  const caller = authenticate(store.accounts.snapshot(), customer?.authorization);
  if (!caller.ok) throw new Error('the key of the benchmark is refused');
  using admission = new Admission(LOAD, OFFERED, DEMAND);
  const { organisationId, projectId, keyId } = caller.value;
  const requestId = newRequestId(startedAtMs);
  const gateway: Pick<Gateway, 'clock' | 'ledger' | 'snapshot'> = {
    clock: systemClock,
    ledger: store.ledger,
    snapshot: () => store.accounts.snapshot(),
  };
  const payer = { requestId, organisationId, projectId, keyId, startedAtMs };
  const granted = await takeHold(gateway, admission, payer);
  if (!granted.ok) throw new Error(`the hold of the benchmark is refused: ${granted.error.kind}`);
  const settled = await store.ledger.settle(granted.value.hold, settlementOf(granted.value.hold));
  if (settled.kind !== 'settled') throw new Error('the settle of the benchmark is refused');
}
