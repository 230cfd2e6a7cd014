// What must be true, computed as plainly as it can be: no leases, no logs, no batches. It sees what clients saw, what the
// engine said, what was promised to each request, and the books.

import { NO_USAGE, type Usage } from '../../server/src/domain/generation/usage.ts';
import type { HoldRequest, Ledger } from '../../server/src/ports/ledger.ts';
import type { BooksModel, UsageRow } from './books-model.ts';
import type { ClientModel } from './client-model.ts';
import { BATCH_TOKENS_MAX, type Said } from './engine-model.ts';
import { type Machine, PRICE, PRICE_VERSION, type Running } from './machine.ts';

export type Asked = {
  readonly requestId: string;
  readonly organisationId: string;
  readonly machine: Machine;
  readonly running: Running;
  readonly client: ClientModel;
  readonly delivery: 'whole' | 'stream';
  /** The least that was free at any moment since it asked, and what it needs at least. */
  freeMin: bigint;
  leastNano: bigint | undefined;
  /** What the ledger has granted it for certain, and perhaps. */
  grantedNano: bigint;
  perhapsNano: bigint;
  judged: boolean;
};

export class Oracle {
  readonly violations: string[];
  readonly #model: BooksModel;
  readonly #machines: () => readonly Machine[];
  readonly asked = new Map<string, Asked>();
  readonly said = new Map<string, Said>();
  /** Made by the simulation itself, to see what can be held. */
  readonly ownRequests = new Set<string>();
  /** For a model without a price. */
  readonly unpriced = new Set<string>();
  /** In the middle of the run. */
  creditGrew = false;
  /** Nothing has kept any gateway from answering a recall. */
  hasUndisturbedOthers: () => boolean = () => false;
  #commits = -1;

  constructor(model: BooksModel, violations: string[], machines: () => readonly Machine[]) {
    this.#model = model;
    this.violations = violations;
    this.#machines = machines;
  }

  /** Remembers what each request was promised. */
  watched(inner: Ledger): Ledger {
    const noted = async <T extends { readonly kind: string }>(
      requestId: string,
      more: bigint,
      outcome: Promise<T>,
    ): Promise<T> => {
      const asked = this.asked.get(requestId);
      if (asked !== undefined) asked.perhapsNano += more;
      const ended = await outcome;
      if (asked !== undefined && 'hold' in ended) {
        const { amountNano } = ended.hold as { readonly amountNano: bigint }; // of every outcome that has a hold
        if (amountNano < asked.grantedNano) this.#wrong(`I7 a hold never shrinks: ${requestId}`);
        if (amountNano > asked.grantedNano && this.#isTakenForDead(asked)) {
          this.#wrong(`I4 ${requestId} was granted ${amountNano} from a lease that was taken back`);
        }
        asked.grantedNano = amountNano;
        this.#noteFree();
      }
      return ended;
    };
    return {
      hold: (request: HoldRequest) => {
        const asked = this.asked.get(request.requestId);
        if (asked !== undefined) asked.leastNano = request.leastNano;
        return noted(request.requestId, request.wantNano, inner.hold(request));
      },
      extend: (hold, extraNano) => noted(hold.requestId, extraNano, inner.extend(hold, extraNano)),
      settle: (hold, settlement) => inner.settle(hold, settlement),
    };
  }

  #isTakenForDead({ running, organisationId }: Asked): boolean {
    const { id, epoch } = running.gateway;
    return running.life.alive && this.#model.voided.has(`${id}/${epoch}/credits:${organisationId}`);
  }

  /** After every event. */
  look(): void {
    if (this.#model.commits !== this.#commits) {
      this.#commits = this.#model.commits;
      this.#lookAtBooks();
    }
    for (const machine of this.#machines())
      if (machine.running?.life.alive === true) this.#lookAtGateway(machine.running);
    this.#noteFree();
    for (const asked of this.asked.values()) if (!asked.judged) this.#lookAtRequest(asked);
  }

  /** I1 I2 I3 I8 after every commit, each added up from nothing. */
  #lookAtBooks(): void {
    const { accounts, transfers, leases } = this.#model;
    const sums = new Map<string, bigint>();
    const add = (id: string, amount: bigint) => sums.set(id, (sums.get(id) ?? 0n) + amount);
    for (const { debit, credit, amount } of transfers.values()) {
      add(debit, -amount);
      add(credit, amount);
    }
    let total = 0n;
    for (const [id, { balance, held }] of accounts) {
      total += balance;
      if (balance !== (sums.get(id) ?? 0n))
        this.#wrong(`I2 ${id} is ${balance}, its transfers say ${sums.get(id)}`);
      if (!id.startsWith('credits:')) continue;
      if (held < 0n || balance < held) this.#wrong(`I3 ${id} has ${balance}, held ${held}`);
      let leased = 0n;
      for (const [key, amount] of leases) if (key.endsWith(`/${id}`)) leased += amount;
      if (leased !== held) this.#wrong(`I8 ${id} holds ${held}, its leases are ${leased}`);
    }
    if (total !== 0n) this.#wrong(`I1 all balances together are ${total}`);
  }

  /** I4: what a gateway holds and owes is within its lease. */
  #lookAtGateway({ gateway, ledger }: Running): void {
    const { gateways, watermarks, leases, everVoided } = this.#model;
    if (gateways.get(gateway.id)?.epoch !== gateway.epoch) return; // fenced
    const seq = watermarks.get(`${gateway.id}/${gateway.epoch}`) ?? 0;
    for (const id of this.#model.accounts.keys()) {
      if (!id.startsWith('credits:')) continue;
      const organisationId = id.slice(8);
      const key = `${gateway.id}/${gateway.epoch}/${id}`;
      if (everVoided.has(key)) continue;
      const inMemory = ledger.heldNano(organisationId) + ledger.chargedAfter(organisationId, seq);
      const lease = leases.get(key) ?? 0n;
      if (inMemory > lease)
        this.#wrong(`I4 ${key} holds and owes ${inMemory} of a lease of ${lease}`);
    }
  }

  /** The least that was free for those that wait: credit that is held and given back within one event counts as held. */
  #noteFree(): void {
    for (const asked of this.asked.values()) {
      if (asked.judged || asked.leastNano === undefined || asked.grantedNano > 0n) continue;
      const free = this.#freeFor(asked);
      if (free < asked.freeMin) asked.freeMin = free;
    }
  }

  #lookAtRequest(asked: Asked): void {
    const { client, requestId, machine } = asked;
    if (client.seen.kind === 'waiting') return;
    asked.judged = true;
    if (this.unpriced.has(requestId) && client.seen.kind === 'answered') {
      this.#wrong(`I19 ${requestId} was answered, and has no price`);
    }
    if (client.seen.kind === 'refused') this.#judgeRefusal(asked, client.seen.body);
    if (client.seen.kind !== 'answered') return;
    const isDurable = this.#model.usage.has(requestId) || machine.disk.holdsDurably(requestId);
    if (!isDurable)
      this.#wrong(`I6 ${requestId} was answered, and a power cut now would lose its settle`);
  }

  #judgeRefusal(asked: Asked, body: string): void {
    // `as` because the simulation's own protocol wrote it.
    const {
      kind,
      available = '',
      needed = '',
    } = JSON.parse(body) as { kind: string; available?: string; needed?: string };
    if (kind !== 'insufficient-credit') return;
    if (BigInt(available) >= BigInt(needed))
      this.#wrong(`I10 ${asked.requestId} was refused for ${needed} with ${available} to spend`);
    const { leastNano, grantedNano, freeMin } = asked;
    if (this.#isCertain && leastNano !== undefined && grantedNano === 0n && freeMin >= leastNano) {
      this.#wrong(
        `I10 ${asked.requestId} needed ${asked.leastNano}, and ${asked.freeMin} was free all the time`,
      );
    }
  }

  /**
   * What could have been had for it: free credit, and what of its gateway's lease nobody holds or owes. Of the other
   * gateways' leases too, where nothing keeps them from answering a recall.
   */
  #freeFor({ organisationId, running }: Asked): bigint {
    const account = this.#model.accounts.get(`credits:${organisationId}`);
    if (account === undefined) return 0n;
    const others = this.hasUndisturbedOthers()
      ? this.#machines().flatMap((machine) => machine.running ?? [])
      : [running];
    const spare = others.reduce((sum, one) => sum + this.#spareOf(one, organisationId), 0n);
    return account.balance - account.held + spare;
  }

  #spareOf({ gateway, ledger }: Running, organisationId: string): bigint {
    const { leases, watermarks, everVoided } = this.#model;
    const whose = `${gateway.id}/${gateway.epoch}`;
    const key = `${whose}/credits:${organisationId}`;
    if (everVoided.has(key)) return 0n;
    const used =
      ledger.heldNano(organisationId) +
      ledger.chargedAfter(organisationId, watermarks.get(whose) ?? 0);
    return (leases.get(key) ?? 0n) - used;
  }

  /** Alone, or nothing has gone wrong so far: then a refusal means that so much was not there. */
  get #isCertain(): boolean {
    return !this.creditGrew && (this.#machines().length === 1 || this.hasUndisturbedOthers());
  }

  /** When nobody has asked for anything for a while. */
  judgeRest(): void {
    for (const [key, amount] of this.#model.leases) {
      this.#wrong(`I8 nobody uses the lease ${key} of ${amount}, and nobody has given it back`);
    }
  }

  /** When everything is over, and every log has been applied. */
  judgeAll(toppedUp: ReadonlyMap<string, bigint>): void {
    const { accounts, leases, usage, refused } = this.#model;
    if (refused.length > 0)
      this.#wrong(`I11 ${refused.length} records were refused: ${refused[0]?.reason}`);
    for (const [key, amount] of leases) this.#wrong(`I8 the lease ${key} of ${amount} is left`);
    const spent = new Map<string, bigint>();
    for (const [requestId, row] of usage) {
      const asked = this.asked.get(requestId);
      if (this.ownRequests.has(requestId)) continue;
      if (asked === undefined) this.#wrong(`I5 nobody asked for ${requestId}`);
      else this.#judgeCharge(asked, row);
      const { organisationId } = row.settlement;
      spent.set(organisationId, (spent.get(organisationId) ?? 0n) + row.charged);
    }
    for (const asked of this.asked.values()) if (asked.judged) this.#judgeAnswer(asked);
    for (const [organisationId, credit] of toppedUp) {
      const account = accounts.get(`credits:${organisationId}`);
      const left = credit - (spent.get(organisationId) ?? 0n);
      if (account?.balance !== left)
        this.#wrong(`I2 ${organisationId} has ${account?.balance}, and should have ${left}`);
      if (account?.held !== 0n)
        this.#wrong(`I8 ${account?.held} of ${organisationId} is still held`);
    }
  }

  #judgeAnswer(asked: Asked): void {
    const { requestId, client } = asked;
    if (client.seen.kind !== 'answered') return;
    const row = this.#model.usage.get(requestId);
    if (row === undefined) return this.#wrong(`I6 ${requestId} was answered, and is not recorded`);
    const { costText } = client.seen;
    if (costText === undefined || nanoOf(costText) === row.charged) return;
    // The house pays for what a gateway had not sent when it was taken for dead, and the customer has spent since.
    if (this.#wasVoided(asked) && row.charged < nanoOf(costText)) return;
    this.#wrong(`I7 ${requestId} was told ${costText}, and charged ${row.charged}`);
  }

  #wasVoided({ running, organisationId }: Asked): boolean {
    const { id, epoch } = running.gateway;
    return this.#model.everVoided.has(`${id}/${epoch}/credits:${organisationId}`);
  }

  /** I7: the tokens that the engine reported, at the pinned prices, rounded once, as far as it was held. */
  #judgeCharge(asked: Asked, { settlement, charged, overrun }: UsageRow): void {
    const { requestId, outcome, usage, costNano, priceVersion } = settlement;
    if (outcome === 'failed') {
      if (charged !== 0n || overrun !== 0n)
        this.#wrong(`I7 ${requestId} failed, and was charged ${charged}`);
      return;
    }
    if (priceVersion !== PRICE_VERSION)
      this.#wrong(`I7 ${requestId} is at price version ${priceVersion}`);
    const said = this.said.get(requestId);
    if (said === undefined) return this.#wrong(`I7 ${requestId} was charged without an engine`);
    const reported = said.usage.output + said.usage.reasoning > 0;
    const expected = reported ? said.usage : { ...said.usage, output: said.pieces };
    if (JSON.stringify(expected) !== JSON.stringify(usage)) {
      this.#wrong(
        `I7 I20 ${requestId} is billed ${JSON.stringify(usage)}, the engine said ${JSON.stringify(expected)}`,
      );
    }
    if (naiveCost(expected) !== costNano)
      this.#wrong(`I7 ${requestId} cost ${costNano}, should cost ${naiveCost(expected)}`);
    if (charged + overrun !== costNano)
      this.#wrong(`I7 ${requestId}: ${charged} + ${overrun} for ${costNano}`);
    const isVoided = this.#wasVoided(asked);
    const least = isVoided ? 0n : smaller(costNano, asked.grantedNano);
    if (charged < least)
      this.#wrong(`I7 ${requestId} paid ${charged} of ${costNano}, and held ${asked.grantedNano}`);
    if (!isVoided) this.#judgeOverrun(asked, said, overrun);
    if (charged > smaller(costNano, asked.perhapsNano))
      this.#wrong(`I7 ${requestId} paid ${charged}, more than it held`);
  }

  /** An engine that keeps to what it was told never costs the house more than one batch beyond a stream's last grant. */
  #judgeOverrun({ requestId, delivery }: Asked, said: Said, overrun: bigint): void {
    if (said.mood === 'nonsense') return;
    const most = delivery === 'whole' ? 0n : naiveCost({ ...NO_USAGE, output: BATCH_TOKENS_MAX });
    if (overrun > most) this.#wrong(`I7 ${requestId} cost the house ${overrun}, more than ${most}`);
  }

  #wrong(what: string): void {
    this.violations.push(what);
  }
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** A fraction of whole numbers, rounded half up at the end; nothing for nothing. */
function naiveCost(usage: Usage): bigint {
  const counts = Object.values(usage);
  if (counts.every((count) => count === 0)) return 0n;
  const twice =
    2n *
    (PRICE.request +
      BigInt(usage.input) * PRICE.input +
      BigInt(usage.cacheRead) * PRICE.cacheRead +
      BigInt(usage.cacheWrite5m) * PRICE.cacheWrite5m +
      BigInt(usage.cacheWrite1h) * PRICE.cacheWrite1h +
      BigInt(usage.imageInput) * PRICE.imageInput +
      BigInt(usage.audioInput) * PRICE.audioInput +
      BigInt(usage.output) * PRICE.output +
      BigInt(usage.reasoning) * PRICE.reasoning +
      BigInt(usage.imageOutput) * PRICE.imageOutput +
      BigInt(usage.audioOutput) * PRICE.audioOutput +
      BigInt(usage.toolCalls) * PRICE.toolCalls);
  return (twice + 1_000_000n) / 2_000_000n;
}

/** `0.000123` dollars. */
function nanoOf(dollars: string): bigint {
  const [whole = '', fraction = ''] = dollars.split('.');
  return BigInt(whole + fraction.padEnd(9, '0'));
}
