// When all machines have come to rest. I10: one gateway can have every nano-dollar that is left, and not one more; also what
// another one has just leased; of the credit, and of the budget that has least.

import { nano } from '../../server/src/domain/money/nano.ts';
import { testSettlement } from '../../server/src/ports/ledger.contract.ts';
import type { HoldRequest } from '../../server/src/ports/ledger.ts';
import type { BooksModel } from './books-model.ts';
import { windowsOf } from './expected.ts';
import type { Machine, Running } from './machine.ts';
import { END_USERS, type Terms } from './office.ts';
import type { World } from './world.ts';

type Rest = {
  readonly seed: number;
  readonly world: World;
  readonly violations: string[];
  readonly model: BooksModel;
  readonly terms: Terms;
  readonly machines: readonly Machine[];
  readonly organisations: readonly string[];
};

type Whose = Pick<HoldRequest, 'requestId' | 'organisationId' | 'budgets'>;

/** The ids of the requests that it made. */
export async function spendTheRest(rest: Rest): Promise<readonly string[]> {
  const [first, second] = rest.machines;
  if (first?.running === undefined) return [];
  const made: string[] = [];
  for (const [at, organisationId] of rest.organisations.entries()) {
    const { budgets, free } = tightestPath(rest, organisationId, first.running.wallMs());
    const numbered = (number: number): Whose => {
      const requestId = `req_${(rest.seed * 1_000 + number + at).toString(16).padStart(32, '0')}`;
      made.push(requestId);
      return { requestId, organisationId, budgets };
    };
    await spend(rest, first.running, second?.running, { numbered, free });
  }
  return made;
}

async function spend(
  rest: Rest,
  running: Running,
  other: Running | undefined,
  { numbered, free }: { numbered(number: number): Whose; readonly free: bigint },
): Promise<void> {
  const wrong = (whose: Whose, what: string) =>
    rest.violations.push(`I10 ${whose.organisationId}, ${whose.budgets?.join(' ')}: ${what}`);
  // While its request runs, another gateway has a lease that it would keep.
  const isShared = other !== undefined && free > 10n;
  const tenth = isShared ? free / 10n : 0n;
  const some = numbered(950);
  if (isShared) {
    const outcome = await holdNow(rest, other, some, tenth, tenth);
    if (!outcome.startsWith('held')) wrong(some, `a tenth of ${free}: ${outcome}`);
  }
  const left = free - tenth;
  const all = numbered(900);
  const outcome = await holdNow(rest, running, all, larger(left, 0n) + 1n, larger(left, 1n));
  if (outcome !== (left > 0n ? `held ${left}` : 'refused'))
    wrong(all, `the last ${left}: ${outcome}`);
  if (left > 0n) await release(rest, running, all);
  if (isShared) await release(rest, other, some);
}

/** Of all that a request of this organisation could take now. */
function tightestPath(
  { model, terms }: Rest,
  organisationId: string,
  nowMs: number,
): { readonly budgets: readonly string[]; readonly free: bigint } {
  const freeOf = (id: string) => {
    const account = model.accounts.get(id);
    return account === undefined ? model.budgets.limitOf(id) : account.balance - account.held;
  };
  const credits = freeOf(`credits:${organisationId}`);
  let tightest: { readonly budgets: readonly string[]; readonly free: bigint } | undefined;
  for (const caller of terms.callers) {
    if (caller.organisationId !== organisationId) continue;
    for (const user of END_USERS) {
      const budgets = windowsOf(terms.budgets, caller, user, nowMs);
      const free = budgets.map(freeOf).reduce((a, b) => (a < b ? a : b), credits);
      if (tightest === undefined || free < tightest.free) tightest = { budgets, free };
    }
  }
  return tightest ?? { budgets: [], free: credits };
}

async function holdNow(
  { world, violations }: Rest,
  running: Running,
  whose: Whose,
  wantNano: bigint,
  leastNano: bigint,
): Promise<string> {
  let outcome = '';
  const want = { wantNano: nano(wantNano), leastNano: nano(leastNano) };
  void running.ledger
    .hold({ ...whose, ...want })
    .then((held) => (outcome = held.kind === 'held' ? `held ${held.hold.amountNano}` : held.kind));
  const untilMs = world.nowMs + 10_000;
  await world.run(() => outcome !== '' || world.nowMs > untilMs || violations.length > 0);
  return outcome;
}

async function release({ world, violations }: Rest, running: Running, of: Whose): Promise<void> {
  const hold = { ...of, amountNano: 0n };
  const settlement = testSettlement(hold, 0n, { outcome: 'failed', startedAtMs: world.nowMs });
  let ended = false;
  void running.ledger.settle(hold, settlement).then(() => (ended = true));
  await world.run(() => ended || violations.length > 0);
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
