// How soon what one gateway was told is in force in another: credit that was added, a limit that was set lower, a key that
// was revoked. The longest of several times, for each.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatKey, hashKey, KEY_RANDOM_BYTES } from '../../server/src/domain/accounts/key.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { newId, newRequestId } from '../../server/src/lib/ids.ts';
import type { Store } from '../../server/src/store/postgres/store.ts';
import { type Lab, organisations } from './lab.ts';
import { settlementOf } from './settlement.ts';

const GIVE_UP_MS = 30_000;
const DOLLAR = 1_000_000_000n;

export async function inForce(lab: Lab, times: number): Promise<ReadonlyMap<string, number>> {
  await using told = await lab.open('told');
  await using other = await lab.open('other');
  const longest = new Map<string, number>();
  for (let n = 0; n < times; n++) {
    for (const [what, measure] of MEASURES) {
      const tookMs = await measure(told, other);
      longest.set(what, Math.max(longest.get(what) ?? 0, tookMs));
    }
  }
  return longest;
}

const MEASURES: readonly (readonly [string, (told: Store, other: Store) => Promise<number>])[] = [
  ['a top-up', topUp],
  ['a lower limit', lowerLimit],
  ['a revoked key', revokedKey],
];

async function topUp(told: Store, other: Store): Promise<number> {
  const organisationId = newId('org');
  await told.accounts.createOrganisation({ id: organisationId, name: 'bench' });
  if (await canHold(other, { organisationId })) throw new Error('there is no credit');
  const credit = { id: newId('credit'), organisationId, source: 'manual' } as const;
  await told.accounts.addCredits({ ...credit, amountNano: nano(DOLLAR) });
  return until(() => canHold(other, { organisationId }));
}

async function lowerLimit(told: Store, other: Store): Promise<number> {
  const [organisationId = ''] = await organisations(told, 1);
  const id = newId('bud');
  const subject = organisationId;
  const budget = { id, organisationId, scope: 'organisation', subject, period: 'total' } as const;
  await told.accounts.budgets.set({ ...budget, hardLimitNano: 100n * DOLLAR });
  const payer = { organisationId, budgets: [`budget:${id}:total`] };
  if (!(await canHold(other, payer))) throw new Error('the limit is high enough');
  await told.accounts.budgets.set({ ...budget, hardLimitNano: 1n });
  return until(async () => !(await canHold(other, payer)));
}

async function revokedKey(told: Store, other: Store): Promise<number> {
  const [organisationId = ''] = await organisations(told, 1);
  const projectId = newId('prj');
  await told.accounts.createProject({ id: projectId, organisationId, name: 'bench' });
  const hash = hashKey(formatKey(randomBytes(KEY_RANDOM_BYTES)));
  const id = newId('key');
  await told.accounts.createKey({ id, projectId, name: 'bench', redacted: 'sk-tp-…', hash });
  const isRevoked = () => other.accounts.snapshot().keys.get(hash)?.revoked;
  await until(() => Promise.resolve(isRevoked() === false));
  await told.accounts.revokeKey(id);
  return until(() => Promise.resolve(isRevoked() === true));
}

type Payer = { readonly organisationId: string; readonly budgets?: readonly string[] };

async function canHold({ ledger }: Store, payer: Payer): Promise<boolean> {
  const wantNano = nano(DOLLAR / 2n);
  const requestId = newRequestId(Date.now());
  const held = await ledger.hold({ ...payer, requestId, wantNano, leastNano: wantNano });
  if (held.kind !== 'held') return false;
  await ledger.settle(held.hold, { ...settlementOf(held.hold), outcome: 'failed' });
  return true;
}

async function until(isSo: () => Promise<boolean>): Promise<number> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedMs > GIVE_UP_MS) throw new Error('it never was in force');
    await sleep(2);
  }
  return performance.now() - startedMs;
}
