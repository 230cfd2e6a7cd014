// How fast settles get into PostgreSQL: the whole way of a gateway with leases, with so many customers at once that the
// applier is always behind; the time ends when all of it is applied and the leases are back. Then the books are added up.

import { setTimeout as sleep } from 'node:timers/promises';
import { newRequestId } from '../../server/src/lib/ids.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { type Lab, organisations } from './lab.ts';
import { settlementOf } from './settlement.ts';

export type ApplierRate = {
  readonly perSecond: number;
  /** Of this process: holds, settles, the log and the batches. */
  readonly gatewayCpuUs: number;
  readonly postgresCpuUs: number;
};

export type Shape = {
  readonly organisations: number;
  /** How many budgets each request counts in: of its organisation, its project and its key. */
  readonly budgets: number;
};

const CLIENTS = 512;
const FULL_WAIT_MS = 20;
const SCOPES = ['organisation', 'project', 'key'] as const;
/** More than any run can spend. */
const LIMIT_NANO = 500_000n * 1_000_000_000n;
let runs = 0;

export async function applierRate(lab: Lab, shape: Shape, settles: number): Promise<ApplierRate> {
  const gatewayId = `applier-${(runs += 1)}`;
  const { requests: before } = await totals(lab);
  const store = await lab.open(gatewayId);
  const customers: { readonly organisationId: string; readonly budgets: readonly string[] }[] = [];
  for (const organisationId of await organisations(store, shape.organisations)) {
    const budgets: string[] = [];
    for (const scope of SCOPES.slice(0, shape.budgets)) {
      const id = `${scope}-of-${organisationId}`;
      const subject = scope === 'organisation' ? organisationId : id;
      const budget = { id, organisationId, scope, subject, period: 'total' } as const;
      await store.accounts.budgets.set({ ...budget, hardLimitNano: LIMIT_NANO });
      budgets.push(`budget:${id}:total`);
    }
    customers.push({ organisationId, budgets: budgets.toSorted() });
  }
  let left = settles;
  const client = async () => {
    while (left > 0) {
      const customer = customers[(left -= 1) % customers.length];
      if (customer === undefined) return;
      const { organisationId, budgets } = customer;
      const requestId = newRequestId(Date.now());
      const payer = { requestId, organisationId, ...(budgets.length > 0 && { budgets }) };
      const want = nano(5_000_000n);
      const held = await store.ledger.hold({ ...payer, wantNano: want, leastNano: want });
      if (held.kind === 'unavailable') {
        // The log is full: whoever is faster than the applier waits for it.
        left += 1;
        await sleep(FULL_WAIT_MS);
        continue;
      }
      if (held.kind !== 'held') throw new Error(`a hold was ${held.kind}`);
      const settled = await store.ledger.settle(held.hold, settlementOf(held.hold));
      if (settled.kind !== 'settled') throw new Error(`a settle was ${settled.kind}`);
    }
  };
  const cpu = process.cpuUsage();
  const postgresUs = lab.postgresCpuUs();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await store[Symbol.asyncDispose]();
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  const spentUs = lab.postgresCpuUs() - postgresUs;
  const { requests: after, findings } = await totals(lab);
  if (findings.length > 0) throw new Error(`the books do not agree: ${findings.join('; ')}`);
  const applied = after - before;
  return {
    perSecond: (applied / tookMs) * 1_000,
    gatewayCpuUs: (user + system) / applied,
    postgresCpuUs: spentUs / applied,
  };
}

async function totals(lab: Lab) {
  await using store = await lab.open('auditor');
  const { totals: sums, findings } = await store.accounts.reconcile();
  return { requests: sums.requests, findings: findings.map(({ detail }) => detail) };
}
