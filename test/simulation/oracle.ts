// What must be true, computed as plainly as it can be: no leases, no logs, no batches. It sees what clients saw, what the
// engine said, what was promised to each request, and the books.

import { NO_USAGE, type Usage } from '../../server/src/domain/generation/usage.ts';
import type { Settlement } from '../../server/src/domain/ledger/settlement.ts';
import type { ModelPrice } from '../../server/src/domain/pricing/price-book.ts';
import type { HoldRequest, Ledger } from '../../server/src/ports/ledger.ts';
import type { BooksModel, UsageRow } from './books-model.ts';
import type { Asked } from './asked.ts';
import { BATCH_TOKENS_MAX, type Said } from './engine-model.ts';
import type { Machine } from './machine.ts';
import { type Caller, STALE_MS } from './office.ts';
import { Spending } from './spending.ts';

const PLENTY = 2n ** 62n;

export class Oracle {
  readonly violations: string[];
  readonly #model: BooksModel;
  readonly #machines: () => readonly Machine[];
  readonly asked = new Map<string, Asked>();
  readonly said = new Map<string, Said>();
  readonly spending: Spending;
  /** Made by the simulation itself, to see what can be held. */
  readonly ownRequests = new Set<string>();
  /** In the middle of the run. */
  creditGrew = false;
  /** As the operator has them now. */
  callers: () => readonly Caller[] = () => [];
  /** Nothing has kept any gateway from answering a recall. */
  hasUndisturbedOthers: () => boolean = () => false;
  #commits = -1;

  constructor(model: BooksModel, violations: string[], machines: () => readonly Machine[]) {
    this.#model = model;
    this.violations = violations;
    this.#machines = machines;
    this.spending = new Spending(model, this.asked, machines, (what) => this.#wrong(what));
  }

  /** Remembers what each request was promised. */
  watched(inner: Ledger): Ledger {
    const noted = async <T extends { readonly kind: string }>(
      requestId: string,
      { more, least }: { readonly more: bigint; readonly least: bigint },
      outcome: Promise<T>,
    ): Promise<T> => {
      const asked = this.asked.get(requestId);
      if (asked === undefined) return outcome;
      asked.perhapsNano += more;
      asked.leastNano = least;
      asked.freeMin = PLENTY;
      this.#noteFree();
      const ended = await outcome;
      if (ended.kind === 'refused') this.#judgeRefusal(asked);
      asked.leastNano = undefined;
      if ('hold' in ended) {
        const { amountNano } = ended.hold as { readonly amountNano: bigint }; // of every outcome that has a hold
        if (amountNano < asked.grantedNano) this.#wrong(`I7 a hold never shrinks: ${requestId}`);
        if (amountNano > asked.grantedNano && this.#isTakenForDead(asked)) {
          this.#wrong(`I4 ${requestId} was granted ${amountNano} from a lease that was taken back`);
        }
        asked.grantedNano = amountNano;
        this.spending.touch();
        this.#noteFree();
      }
      return ended;
    };
    return {
      hold: (request: HoldRequest) => {
        this.#judgeAdmission(request);
        const { requestId, wantNano: more, leastNano: least } = request;
        return noted(requestId, { more, least }, inner.hold(request));
      },
      extend: (hold, extraNano) =>
        noted(hold.requestId, { more: extraNano, least: extraNano }, inner.extend(hold, extraNano)),
      settle: async (hold, settlement) => {
        const asked = this.asked.get(hold.requestId);
        if (asked !== undefined) asked.owedNano ??= owedBy(settlement, asked.grantedNano);
        this.spending.touch();
        const settled = await inner.settle(hold, settlement);
        if (asked !== undefined && settled.kind === 'unavailable') asked.owedNano = 0n;
        this.spending.touch();
        return settled;
      },
    };
  }

  /** I9: it is held in every window that its gateway knew to be on its path, and in no other. */
  #judgeAdmission({ requestId, budgets = [] }: HoldRequest): void {
    const asked = this.asked.get(requestId);
    if (asked === undefined) return;
    this.#judgeStopped(asked);
    const path = asked.accounts.slice(1).toSorted().join(' ');
    const held = budgets.toSorted().join(' ');
    if (path !== held) this.#wrong(`I9 ${requestId} holds in "${held}" instead of "${path}"`);
  }

  #isTakenForDead({ running, accounts }: Asked): boolean {
    const { id, epoch } = running.gateway;
    const isVoided = (accountId: string) => this.#model.voided.has(`${id}/${epoch}/${accountId}`);
    return running.life.alive && accounts.some(isVoided);
  }

  /** After every event. */
  look(): void {
    if (this.#model.commits !== this.#commits) {
      this.#commits = this.#model.commits;
      this.spending.touch();
      this.#lookAtBooks();
    }
    this.spending.look(this.hasUndisturbedOthers());
    this.#noteFree();
    this.#model.granted.clear();
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
    const leased = new Map<string, bigint>();
    for (const [key, amount] of leases) {
      const id = key.slice(key.indexOf('/', key.indexOf('/') + 1) + 1);
      leased.set(id, (leased.get(id) ?? 0n) + amount);
    }
    for (const [id, { balance, held }] of accounts) {
      if (held !== (leased.get(id) ?? 0n))
        this.#wrong(`I8 ${id} holds ${held}, its leases are ${leased.get(id)}`);
      if (id.startsWith('budget:')) continue;
      total += balance;
      if (balance !== (sums.get(id) ?? 0n))
        this.#wrong(`I2 ${id} is ${balance}, its transfers say ${sums.get(id)}`);
      if (id.startsWith('credits:') && (held < 0n || balance < held))
        this.#wrong(`I3 ${id} has ${balance}, held ${held}`);
    }
    if (total !== 0n) this.#wrong(`I1 all balances together are ${total}`);
  }

  /** The least that was free for those that wait: credit that is held and given back within one event counts as held. */
  #noteFree(): void {
    for (const asked of this.asked.values()) {
      if (asked.leastNano === undefined || asked.judged) continue;
      for (const accountId of asked.accounts) {
        const free = this.#freeFor(asked, accountId);
        if (free < asked.freeMin) asked.freeMin = free;
      }
    }
  }

  #lookAtRequest(asked: Asked): void {
    const { client, requestId, machine, pin } = asked;
    if (client.seen.kind === 'waiting') return;
    asked.judged = true;
    if (client.seen.kind === 'refused') return this.#judgeTold(asked, client.seen.body);
    if (client.seen.kind !== 'answered') return;
    if (asked.order.model === 'unpriced' || pin === undefined)
      this.#wrong(`I19 ${requestId} was answered, and has no price`);
    if (pin === 'no consent') this.#wrong(`${requestId} may be used to train, without consent`);
    const isDurable = this.#model.usage.has(requestId) || machine.disk.holdsDurably(requestId);
    if (!isDurable)
      this.#wrong(`I6 ${requestId} was answered, and a power cut now would lose its settle`);
  }

  /** I18: of a key that was revoked, or whose organisation was frozen, and that its gateway must have heard of. */
  #judgeStopped({ requestId, caller, admittedMs = 0, running }: Asked): void {
    const { keyId } = caller;
    const now = this.callers().find((one) => one.keyId === keyId);
    const stoppedMs = now?.revokedAtMs ?? now?.owesSinceMs ?? Infinity;
    if (running.life.frozenUntilMs > 0) return;
    const sinceMs = admittedMs - stoppedMs;
    if (sinceMs > STALE_MS)
      this.#wrong(`I18 ${requestId} was admitted ${sinceMs} ms after its key was stopped`);
  }

  #judgeTold({ requestId }: Asked, body: string): void {
    // `as` because the simulation's own protocol wrote it.
    const { available, needed } = JSON.parse(body) as { available?: string; needed?: string };
    if (available !== undefined && BigInt(available) >= BigInt(needed ?? '0'))
      this.#wrong(`I10 ${requestId} was refused for ${needed} with ${available} to spend`);
  }

  /** I10: there was a moment when one of its accounts had less than it needs. */
  #judgeRefusal({ requestId, leastNano = 0n, freeMin, owedNano }: Asked): void {
    if (!this.#isCertain || freeMin < leastNano || owedNano !== undefined) return;
    this.#wrong(`I10 ${requestId} needed ${leastNano}, and ${freeMin} was free all the time`);
  }

  /**
   * What could have been had for it: what is free, and what of its gateway's lease nobody holds or owes. Of the other
   * gateways' leases too, where nothing keeps them from answering a recall.
   */
  #freeFor({ running }: Asked, accountId: string): bigint {
    const account = this.#model.accounts.get(accountId);
    // The window of a budget is opened by whoever needs it first.
    if (account === undefined) return this.#model.budgets.limitOf(accountId);
    let free = account.balance - account.held + this.spending.spareOf(running, accountId);
    if (!this.hasUndisturbedOthers()) return free;
    for (const { running: other } of this.#machines()) {
      if (other === undefined || other === running) continue;
      free += this.spending.spareForOthers(other, accountId);
    }
    return free;
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
  judgeAll(credits: ReadonlyMap<string, bigint>): void {
    const { accounts, leases, usage, refused } = this.#model;
    if (refused.length > 0)
      this.#wrong(`I11 ${refused.length} records were refused: ${refused[0]?.reason}`);
    for (const [key, amount] of leases) this.#wrong(`I8 the lease ${key} of ${amount} is left`);
    for (const [requestId, row] of usage) {
      const asked = this.asked.get(requestId);
      if (this.ownRequests.has(requestId)) continue;
      if (asked === undefined) this.#wrong(`I5 nobody asked for ${requestId}`);
      else this.#judgeCharge(asked, row);
    }
    for (const asked of this.asked.values()) if (asked.judged) this.#judgeAnswer(asked);
    for (const [organisationId, left] of credits) {
      const account = accounts.get(`credits:${organisationId}`);
      if (account?.balance !== left)
        this.#wrong(`I2 ${organisationId} has ${account?.balance}, and should have ${left}`);
      if (account?.held !== 0n)
        this.#wrong(`I8 ${account?.held} of ${organisationId} is still held`);
    }
    this.spending.judgeWindows();
  }

  #judgeAnswer(asked: Asked): void {
    const { requestId, client } = asked;
    if (client.seen.kind !== 'answered') return;
    const row = this.#model.usage.get(requestId);
    if (row === undefined) return this.#wrong(`I6 ${requestId} was answered, and is not recorded`);
    const { costText, priceText } = client.seen;
    if (priceText !== undefined && priceText !== `${row.settlement.priceVersion}`)
      this.#wrong(`I7 ${requestId} was told version ${priceText}`);
    if (costText === undefined || nanoOf(costText) === row.charged) return;
    // The house pays for what a gateway had not sent when it was taken for dead, and the customer has spent since.
    if (this.#wasVoided(asked) && row.charged < nanoOf(costText)) return;
    this.#wrong(`I7 ${requestId} was told ${costText}, and charged ${row.charged}`);
  }

  #wasVoided({ running, accounts }: Asked): boolean {
    const { id, epoch } = running.gateway;
    return accounts.some((accountId) => this.#model.everVoided.has(`${id}/${epoch}/${accountId}`));
  }

  /** I7: the tokens that the engine reported, at the pinned prices, rounded once, as far as it was held. */
  #judgeCharge(asked: Asked, { settlement, charged, overrun }: UsageRow): void {
    const { requestId, outcome, usage, costNano, priceVersion, tier, budgets = [] } = settlement;
    const windows = budgets.toSorted().join(' ');
    const path = asked.accounts.slice(1).toSorted().join(' ');
    if (windows !== path)
      this.#wrong(`I9 ${requestId} is charged in "${windows}", and was admitted in "${path}"`);
    if (outcome === 'failed') {
      if (charged !== 0n || overrun !== 0n)
        this.#wrong(`I7 ${requestId} failed, and was charged ${charged}`);
      return;
    }
    const { pin } = asked;
    if (pin === undefined || pin === 'no consent')
      return this.#wrong(`I19 ${requestId} is charged`);
    if (priceVersion !== pin.version || tier !== pin.tier)
      this.#wrong(
        `I7 ${requestId} is charged at version ${priceVersion}, ${tier}; pinned were ${pin.version}, ${pin.tier}`,
      );
    const said = this.said.get(requestId);
    if (said === undefined) return this.#wrong(`I7 ${requestId} was charged without an engine`);
    const reported = said.usage.output + said.usage.reasoning > 0;
    const expected = reported ? said.usage : { ...said.usage, output: said.pieces };
    if (JSON.stringify(expected) !== JSON.stringify(usage)) {
      this.#wrong(
        `I7 I20 ${requestId} is billed ${JSON.stringify(usage)}, the engine said ${JSON.stringify(expected)}`,
      );
    }
    const cost = naiveCost(expected, pin.price);
    if (cost !== costNano) this.#wrong(`I7 ${requestId} cost ${costNano}, should cost ${cost}`);
    if (charged + overrun !== costNano)
      this.#wrong(`I7 ${requestId}: ${charged} + ${overrun} for ${costNano}`);
    const isVoided = this.#wasVoided(asked);
    const least = isVoided ? 0n : smaller(costNano, asked.grantedNano);
    if (charged < least)
      this.#wrong(`I7 ${requestId} paid ${charged} of ${costNano}, and held ${asked.grantedNano}`);
    if (!isVoided) this.#judgeOverrun(asked, said, overrun, pin.price);
    if (charged > smaller(costNano, asked.perhapsNano))
      this.#wrong(`I7 ${requestId} paid ${charged}, more than it held`);
  }

  /** An engine that keeps to what it was told never costs the house more than one batch beyond a stream's last grant. */
  #judgeOverrun({ requestId, order }: Asked, said: Said, overrun: bigint, price: ModelPrice): void {
    if (said.mood === 'nonsense') return;
    const batch = { ...NO_USAGE, output: BATCH_TOKENS_MAX };
    const most = order.delivery === 'whole' ? 0n : naiveCost(batch, price);
    if (overrun > most) this.#wrong(`I7 ${requestId} cost the house ${overrun}, more than ${most}`);
  }

  #wrong(what: string): void {
    this.violations.push(what);
  }
}

function owedBy({ outcome, costNano }: Settlement, granted: bigint): bigint {
  return outcome === 'failed' ? 0n : smaller(costNano, granted);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** A fraction of whole numbers, rounded half up at the end; nothing for nothing. */
function naiveCost(usage: Usage, price: ModelPrice): bigint {
  const counts = Object.values(usage);
  if (counts.every((count) => count === 0)) return 0n;
  const twice =
    2n *
    (price.request +
      BigInt(usage.input) * price.input +
      BigInt(usage.cacheRead) * price.cacheRead +
      BigInt(usage.cacheWrite5m) * price.cacheWrite5m +
      BigInt(usage.cacheWrite1h) * price.cacheWrite1h +
      BigInt(usage.imageInput) * price.imageInput +
      BigInt(usage.audioInput) * price.audioInput +
      BigInt(usage.output) * price.output +
      BigInt(usage.reasoning) * price.reasoning +
      BigInt(usage.imageOutput) * price.imageOutput +
      BigInt(usage.audioOutput) * price.audioOutput +
      BigInt(usage.toolCalls) * price.toolCalls);
  return (twice + 1_000_000n) / 2_000_000n;
}

/** `0.000123` dollars. */
function nanoOf(dollars: string): bigint {
  const [whole = '', fraction = ''] = dollars.split('.');
  return BigInt(whole + fraction.padEnd(9, '0'));
}
