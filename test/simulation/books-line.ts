// The way to the books, and everything that can go wrong on it: a question or its answer is late, or lost with the
// connection; the database is away, refuses a transaction for a moment, or carries one out long after its caller has
// given up.

import { err, ok } from '../../server/src/lib/result.ts';
import type { Gateway } from '../../server/src/store/postgres/ledger-batch.ts';
import type { Books, BooksSession } from '../../server/src/store/postgres/leases/books.ts';
import type { Entry, LeasedBatch } from '../../server/src/store/postgres/leases/leased-batch.ts';
import { type BooksModel, refusal } from './books-model.ts';
import { Transaction } from './transaction.ts';
import type { Life, World } from './world.ts';

export type LineTrouble = {
  readonly slow: number;
  readonly lostBefore: number;
  readonly lostAfter: number;
  /** Carried out up to a minute after its connection was given up. */
  readonly late: number;
  /** 40P01, 40001, 57014: nothing was committed. */
  readonly again: number;
};

/** The database as a machine: one for all gateways. */
export class BooksServer {
  readonly world: World;
  readonly model: BooksModel;
  readonly trouble: LineTrouble;
  isTroubled = true;
  awayUntilMs = 0;
  /** Every question takes long until then. */
  lagUntilMs = 0;
  /** Whether this start of a gateway is alive and has never stood still. */
  isSteady: (id: string, epoch: bigint) => boolean = () => false;
  /** Who has a transaction open: the others wait. */
  #owner: Session | undefined;
  #waiting: (() => void)[] = [];
  readonly sessions = new Set<Session>();
  readonly #hearers: {
    readonly life: Life;
    hear(accountId: string, recallNo: bigint): void;
  }[] = [];

  constructor(world: World, model: BooksModel, trouble: LineTrouble) {
    this.world = world;
    this.model = model;
    this.trouble = trouble;
    model.onRecall = (accountId, recallNo) => this.#tell(accountId, recallNo);
  }

  /** Who hears of recalls. */
  hears(life: Life, hear: (accountId: string, recallNo: bigint) => void): void {
    this.#hearers.push({ life, hear });
  }

  /** A notification that does not get through is found by looking, a little later, if the books are there. */
  #tell(accountId: string, recallNo: bigint): void {
    const { world, trouble, isTroubled } = this;
    for (const { life, hear } of this.#hearers) {
      const isLost = isTroubled && world.chance.happens(trouble.lostBefore);
      world.after(world.chance.fraction() * (isLost ? 100 : 3), life, () => {
        if (!isLost || !this.isAway) hear(accountId, recallNo);
      });
    }
  }

  get isAway(): boolean {
    return this.world.nowMs < this.awayUntilMs;
  }

  /** All connections break; what was not committed never was. */
  goAway(ms: number): void {
    this.awayUntilMs = this.world.nowMs + ms;
    for (const session of this.sessions) session.breakNow();
  }

  voidSilent(silentMs: number): number {
    const { gateways, violations } = this.model;
    const isSilent = (id: string) => (gateways.get(id)?.beatMs ?? 0) < this.world.nowMs - silentMs;
    return this.model.voidLeases((id, epoch) => {
      if (!isSilent(id)) return false;
      if (this.isSteady(id, epoch))
        violations.push(`I8 the lease of ${id}, which is alive, was voided`);
      return true;
    }, true);
  }

  /** A transaction of the control plane: waits until the database is there. */
  async carryOut(work: () => void): Promise<void> {
    while (this.isAway || this.isBusyFor(undefined)) {
      await (this.isAway ? this.world.wait(50) : this.turn());
    }
    work();
  }

  /** Another session is within a transaction. */
  isBusyFor(session: Session | undefined): boolean {
    return this.#owner !== undefined && this.#owner !== session;
  }

  async turn(): Promise<void> {
    await new Promise<void>((resume) => this.#waiting.push(resume));
  }

  own(session: Session): void {
    this.#owner = session;
  }

  disown(session: Session): void {
    if (this.#owner !== session) return;
    this.#owner = undefined;
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

export function booksOf(server: BooksServer, life: Life): Books {
  const { world, model } = server;
  const ask = async <T>(answer: () => T): Promise<T> => {
    await world.wait(world.chance.fraction() * 3, life);
    if (server.isAway) throw new Error('Connection terminated');
    while (server.isBusyFor(undefined)) await server.turn();
    const value = answer();
    await world.wait(world.chance.fraction() * 3, life);
    return value;
  };
  return {
    where: 'the simulation',
    enter: (gatewayId, above) => ask(() => model.enter(gatewayId, above, world.nowMs)),
    endEarlier: ({ id, epoch }) =>
      ask(() => void model.voidLeases((of, at) => of === id && at < epoch, false)),
    beat: (gateway) => ask(() => model.beat(gateway, world.nowMs)),
    voidSilent: (silentMs) => ask(() => server.voidSilent(silentMs)),
    open: async (gateway) => {
      await world.wait(world.chance.fraction() * 5, life);
      if (server.isAway) return err({ kind: 'unreachable', message: 'PostgreSQL is away.' });
      return ok(new Session(server, life, gateway));
    },
  };
}

export class Session implements BooksSession {
  readonly #server: BooksServer;
  readonly life: Life;
  readonly #gateway: Gateway;
  alive = true;
  /** What was sent before its process died is carried out all the same. */
  isOrphaned = false;
  #transaction: Transaction | undefined;
  readonly #pending = new Set<(error: Error) => void>();

  constructor(server: BooksServer, life: Life, gateway: Gateway) {
    this.#server = server;
    this.life = life;
    this.#gateway = gateway;
    server.sessions.add(this);
  }

  applied(epoch: bigint) {
    return this.#ask(() => this.#server.model.applied(this.#gateway, epoch));
  }

  apply(batch: LeasedBatch) {
    return this.#ask(
      (transaction) =>
        this.#server.model.apply(transaction, this.#gateway, batch, this.#server.world.nowMs),
      true,
    );
  }

  async transaction(work: () => Promise<void>): Promise<void> {
    await this.#ask(() => {
      this.#server.own(this);
      this.#transaction = new Transaction();
    });
    try {
      await work();
      await this.#ask((transaction) => {
        this.#transaction = undefined;
        this.#server.model.commit(transaction);
        this.#server.disown(this);
      });
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  lockFree(accountId: string) {
    return this.#ask((transaction) => this.#server.model.freeOf(transaction, accountId));
  }

  lockLease(accountId: string, epoch: bigint) {
    return this.#ask(() => this.#server.model.leaseOf(this.#gateway, epoch, accountId));
  }

  isRecorded(requestId: string) {
    return this.#ask(() => this.#server.model.usage.has(requestId));
  }

  keepRefused(entry: Entry, _epoch: bigint, reason: string) {
    return this.#ask((transaction) => this.#server.model.keepRefused(transaction, entry, reason));
  }

  close(): Promise<void> {
    this.breakNow();
    return Promise.resolve();
  }

  breakNow(): void {
    this.alive = false;
    this.#rollBack();
    this.#server.sessions.delete(this);
    for (const reject of this.#pending) reject(new Error('Connection terminated'));
    this.#pending.clear();
  }

  /** Its process has died: nobody hears an answer, but what is on its way may arrive. */
  orphan(): void {
    this.isOrphaned = this.#server.world.chance.happens(0.5);
    this.breakNow();
  }

  #rollBack(): void {
    for (const undo of this.#transaction?.undo.toReversed() ?? []) undo();
    this.#transaction = undefined;
    this.#server.disown(this);
  }

  /** A question travels, is answered, and the answer travels back. */
  #ask<T>(answer: (transaction: Transaction) => T, isBatch = false): Promise<T> {
    if (!this.alive) return Promise.reject(new Error('Connection terminated'));
    const { world, trouble, isTroubled } = this.#server;
    const { chance } = world;
    const happens = (probability: number) => isTroubled && chance.happens(probability);
    const isLagging = isTroubled && world.nowMs < this.#server.lagUntilMs;
    const isLate = isBatch && this.#transaction === undefined && happens(trouble.late);
    const thereMs = isLate
      ? chance.whole(7_000, 50_000)
      : happens(trouble.slow) || isLagging
        ? chance.whole(10, 2_000)
        : chance.fraction() * 3;
    const lostBefore = happens(trouble.lostBefore);
    const lostAfter = happens(trouble.lostAfter);
    const again = isBatch && happens(trouble.again);
    const within = this.#transaction;
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const settle = (how: () => void) => {
        if (this.#pending.delete(reject) && this.life.alive) how();
      };
      const arrive = async () => {
        // The server carries out what has reached it, even if nobody waits for the answer any more.
        const arrives = this.alive || isLate || this.isOrphaned;
        if (!arrives || (lostBefore && !isLate)) return this.breakNow();
        while (this.#server.isBusyFor(this)) await this.#server.turn();
        if (this.#server.isAway || this.#transaction !== within) return this.breakNow();
        let outcome: () => void;
        try {
          if (again) throw refusal(chance.pick(['40P01', '40001', '57014']), 'try again');
          const value = this.#carryOut(answer);
          outcome = () => resolve(value);
        } catch (error) {
          outcome = () => reject(error instanceof Error ? error : new Error(String(error)));
        }
        if (lostAfter) return this.breakNow();
        world.after(chance.fraction() * 3, undefined, () =>
          this.alive ? settle(outcome) : undefined,
        );
      };
      world.after(thereMs, undefined, () => void arrive());
    });
  }

  #carryOut<T>(answer: (transaction: Transaction) => T): T {
    if (this.#transaction !== undefined) return answer(this.#transaction);
    const own = new Transaction();
    try {
      const value = answer(own);
      this.#server.model.commit(own);
      return value;
    } catch (error) {
      for (const undo of own.undo.toReversed()) undo();
      throw error;
    }
  }
}
