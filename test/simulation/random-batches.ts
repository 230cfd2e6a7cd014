// Batches and budgets as gateways and people might send them to the books: mostly right, sometimes with one thing wrong.

import type { Budget } from '../../server/src/domain/ledger/budget.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { testSettlement } from '../../server/src/ports/ledger.contract.ts';
import { accountsOf, type Gateway } from '../../server/src/store/postgres/ledger-batch.ts';
import {
  type BatchWish,
  byAccount,
  type Entry,
  type LeaseChange,
  type LeasedBatch,
} from '../../server/src/store/postgres/leases/leased-batch.ts';
import type { BooksModel } from './books-model.ts';
import type { Chance } from './chance.ts';

export const ORGANISATIONS = ['org_b', 'org_a', 'org_c'] as const;
/** Of each organisation at once. */
const BUDGETS_MAX = 3;
const WINDOWS = ['1', '2', '3', '4'] as const;

type Path = { readonly organisationId: string; readonly budgets: readonly string[] };

export class RandomBatches {
  readonly #chance: Chance;
  readonly #model: BooksModel;
  readonly #settled: Entry[] = [];
  #requests = 0;
  #budgets = 0;

  constructor(chance: Chance, model: BooksModel) {
    this.#chance = chance;
    this.#model = model;
  }

  next(gateway: Gateway): LeasedBatch {
    const chance = this.#chance;
    const whose = `${gateway.id}/${gateway.epoch}`;
    const seq = this.#model.watermarks.get(whose) ?? 0;
    const paths = ORGANISATIONS.filter(() => chance.happens(0.5)).map((id) => this.#path(id));
    const records = paths.flatMap((path) => this.#records(whose, path));
    const accounts = paths.flatMap(({ organisationId, budgets }) => [
      `credits:${organisationId}`,
      ...budgets,
    ]);
    const changes = accounts
      .map((accountId) => this.#changeOf(whose, accountId, records))
      .toSorted(byAccount);
    const wishes = changes.length > 0 && chance.happens(0.5) ? this.#wishes(changes.length) : [];
    const fromSeq = chance.happens(0.05) ? seq + chance.pick([-1, 1]) : seq;
    return {
      leaseEpoch: gateway.epoch,
      fromSeq,
      toSeq: fromSeq + records.length,
      records,
      changes,
      wishes,
    };
  }

  #path(organisationId: string): Path {
    const chance = this.#chance;
    // Those that were removed, too: requests that were admitted before are charged in them.
    const budgets = [...this.#model.budgets.rows.values()]
      .filter((row) => row.organisationId === organisationId)
      .slice(-BUDGETS_MAX - 1)
      .filter(() => chance.happens(0.25))
      .map(({ id }) => `budget:${id}:${chance.pick(WINDOWS)}`);
    return { organisationId, budgets };
  }

  #changeOf(whose: string, accountId: string, records: readonly Entry[]): LeaseChange {
    const chance = this.#chance;
    const own = records.filter(({ settlement }) => accountsOf(settlement).includes(accountId));
    const chargedNano = own.reduce((sum, one) => sum + one.chargedNano, 0n);
    const lease = this.#model.leases.get(`${whose}/${accountId}`) ?? 0n;
    const hadNano = chance.happens(0.03) ? BigInt(chance.whole(1, 900)) : lease;
    const releasedNano = chance.happens(0.01) ? chargedNano + 1n : chargedNano;
    const rest = Number(lease - chargedNano);
    const spareNano = BigInt(chance.pick([0, rest, rest, chance.whole(0, 200)]));
    const extraNano = BigInt(chance.pick([0, chance.whole(0, 800)]));
    const recallNo = BigInt(chance.whole(0, Number(this.#recallNo(accountId)) + 1));
    const isReturned = chance.happens(0.6);
    const offer = chance.happens(0.7) ? { spareNano, isReturned, extraNano, recallNo } : undefined;
    const unknown = chance.pick(['credits:org_z_unknown', 'budget:bud_unknown:total']);
    return {
      accountId: chance.happens(0.01) ? unknown : accountId,
      hadNano,
      chargedNano,
      releasedNano,
      offer,
    };
  }

  #recallNo(accountId: string): bigint {
    return this.#model.recalls.get(accountId)?.no ?? 0n;
  }

  #wishes(accounts: number): BatchWish[] {
    const chance = this.#chance;
    return Array.from({ length: chance.whole(1, 4) }, () => {
      const leastNano = BigInt(chance.pick([chance.whole(0, 400), chance.whole(400, 8_000)]));
      const all = Array.from({ length: accounts }, (_, at) => at + 1);
      const some = all.filter(() => chance.happens(0.5));
      const positions = some.length > 0 ? some : [chance.whole(1, accounts)];
      return {
        leastNano,
        wantNano: leastNano + BigInt(chance.pick([0, chance.whole(0, 400)])),
        positions,
        lacked: chance.pick([0, ...positions]),
        sinceNo: BigInt(chance.whole(0, 4)),
      };
    });
  }

  #records(whose: string, path: Path): Entry[] {
    const chance = this.#chance;
    let lease = 2n ** 40n;
    for (const accountId of accountsOf(path)) {
      const leased = this.#model.leases.get(`${whose}/${accountId}`) ?? 0n;
      if (leased < lease) lease = leased;
    }
    if (lease < 4n || chance.happens(0.2)) return [];
    const again = this.#settled.at(-1);
    if (again !== undefined && chance.happens(0.03)) return [again];
    return Array.from({ length: chance.whole(1, 3) }, () => {
      const requestId = `req_${(this.#requests += 1).toString(16).padStart(32, '0')}`;
      const chargedNano = BigInt(chance.whole(0, Number(lease / 4n)));
      const overrun = BigInt(chance.pick([0, 0, chance.whole(1, 50)]));
      const outcome = chance.happens(0.1) && chargedNano === 0n ? 'failed' : 'completed';
      const cost = nano(chargedNano + overrun);
      const { organisationId, budgets } = path;
      const settlement = testSettlement({ requestId, organisationId }, cost, {
        outcome,
        model: chance.pick(['m1', 'm2']),
        ...(budgets.length > 0 && { budgets }),
      });
      const entry = { settlement, chargedNano, seq: 0 };
      this.#settled.push(entry);
      return entry;
    });
  }

  /** Set, raised, lowered below what is spent or held, removed and set again. */
  budget(): Budget {
    const chance = this.#chance;
    const organisationId = chance.pick(ORGANISATIONS);
    const at = chance.whole(0, BUDGETS_MAX - 1);
    const amounts = {
      ...(chance.happens(0.8) && {
        hardLimitNano: nano(BigInt(chance.whole(0, chance.pick([3_000, 60_000])))),
      }),
      ...(chance.happens(0.2) && { alertNano: nano(BigInt(chance.whole(1, 3_000))) }),
    };
    return {
      id: `bud_${(this.#budgets += 1)}`,
      organisationId,
      scope: 'end-user',
      subject: `user ${at}`,
      period: 'daily',
      ...amounts,
    };
  }
}
