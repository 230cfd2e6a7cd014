// Mistakes planted in our own safeguards, one at a time, in the source text as it is loaded: the product has no switches
// for this. The simulation must catch each of them, or it proves nothing.

import { BUDGET_MUTANTS, PRICE_MUTANTS } from './budget-mutants.ts';

export type Mutant = {
  readonly name: string;
  /** Below server/src. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Where one mistake takes changes in several places. */
  readonly and?: readonly Pick<Mutant, 'file' | 'find' | 'replace'>[];
  /** Known to catch it; should that have changed, others are tried. */
  readonly seed: number;
};

const LEASES = 'store/postgres/leases';
const LOG = 'store/settlement-log';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'settles after the last byte',
    file: 'gateway/generate.ts',
    find: "const settled = await run.settle('completed');",
    replace:
      "void run.settle('completed'); const settled = { kind: 'settled', chargedNano: 0n, availableNano: 0n } as const as never as Extract<Awaited<ReturnType<typeof run.settle>>, { kind: 'settled' }>;",
    seed: 2,
  },
  {
    name: 'charges what was not produced: a failure costs the input',
    file: 'store/postgres/ledger-batch.ts',
    find: "if (settlement.outcome === 'failed') return { charged: 0n, overrun: 0n };",
    replace:
      "if (settlement.outcome === 'failed') return { charged: payable < 5n ? payable : 5n, overrun: 0n };",
    seed: 1,
  },
  {
    name: 'prices in floats, bucket by bucket',
    file: 'domain/pricing/cost.ts',
    find: 'exact += BigInt(tokens) * price[bucket];',
    replace:
      'exact += BigInt(Math.round((tokens * Number(price[bucket])) / 1e6)) * TOKENS_PER_PRICE;',
    seed: 2,
  },
  {
    name: 'cuts off instead of rounding',
    file: 'domain/pricing/cost.ts',
    find: '(exact + price.request + TOKENS_PER_PRICE / 2n) / TOKENS_PER_PRICE',
    replace: '(exact + price.request) / TOKENS_PER_PRICE',
    seed: 3,
  },
  {
    name: 'charges more than was held',
    file: 'store/postgres/ledger-batch.ts',
    find: 'const charged = settlement.costNano < payable ? settlement.costNano : payable;',
    replace: 'const charged = settlement.costNano;',
    seed: 9,
  },
  {
    name: 'believes any count of an engine',
    file: 'gateway/tally.ts',
    find: 'if (!isValidUsage(usage) || !isMonotone(this.#reported, usage)) return false;',
    replace: 'if (!isValidUsage(usage) && !isMonotone(this.#reported, usage)) return false;',
    seed: 4,
  },
  {
    name: 'bills nothing where an engine reports nothing',
    file: 'gateway/tally.ts',
    find: 'return this.#isUncounted ? { ...this.#reported, output: this.#pieces } : this.#reported;',
    replace: 'return this.#reported;',
    seed: 3,
  },
  {
    name: 'goes on when a grant is refused',
    file: 'gateway/metered-run.ts',
    find: 'return this.#grantedTokens >= this.#outputTokensMax || this.#produced < this.#grantedTokens;',
    replace: 'return true;',
    seed: 9,
  },
  {
    name: 'tells the engine more than it holds',
    file: 'gateway/take-hold.ts',
    find: 'engineTokensMax: grows ? outputTokensMax : outputTokens,',
    replace: 'engineTokensMax: outputTokensMax,',
    seed: 75,
  },
  {
    name: 'forgets the input when it holds',
    file: 'gateway/take-hold.ts',
    find: 'const outputTokens = outputTokensFor(hold.amountNano - input, price, first);',
    replace: 'const outputTokens = outputTokensFor(hold.amountNano, price, first);',
    seed: 26,
  },
  {
    name: 'gives a model without a price away',
    file: 'gateway/model-for.ts',
    find: 'const prices = book?.models.get(modelId);',
    replace: "const prices = book?.models.get(modelId) ?? book?.models.get('model');",
    seed: 5,
  },
  {
    name: 'does not count a request that has ended',
    file: 'gateway/admit.ts',
    find: 'this.#load.generationsRunning -= this.choices;',
    replace: 'if (this.outputTokensMax !== 300) this.#load.generationsRunning -= 1;',
    seed: 3,
  },
  {
    name: 'holds what is settled and not yet applied',
    file: `${LEASES}/lease.ts`,
    find: 'return this.leasedNano - this.heldNano - this.pendingNano - this.#offeredNano;',
    replace: 'return this.leasedNano - this.heldNano - this.#offeredNano;',
    seed: 4,
  },
  {
    name: 'holds what it is giving back',
    file: `${LEASES}/lease.ts`,
    find: 'return this.leasedNano - this.heldNano - this.pendingNano - this.#offeredNano;',
    replace: 'return this.leasedNano - this.heldNano - this.pendingNano;',
    seed: 68,
  },
  {
    name: 'ignores that others lack what it has to spare',
    file: `${LEASES}/leased-ledger.ts`,
    find: '    lease.recall(recallNo, this.#timers.monotonicMs());\n',
    replace: '',
    seed: 2,
  },
  {
    name: 'answers a recall and keeps what it has to spare',
    file: `${LEASES}/lease.ts`,
    find: 'if (excess > 0n || this.#mustAnswer) return this.#put(excess, true, 0n);',
    replace:
      'if (excess > 0n || this.#mustAnswer) return this.#put(isClosing ? excess : 0n, true, 0n);',
    seed: 2,
  },
  {
    name: 'gives back what has been held again since',
    file: `${LEASES}/lease.ts`,
    find: '    if (isReturned) this.#offeredNano = spare;\n',
    replace: '',
    seed: 68,
  },
  {
    name: 'gives the same back twice',
    file: `${LEASES}/lease.ts`,
    find: 'this.leasedNano = answer.leasedNano;',
    replace: 'if ((offer?.spareNano ?? 0n) === 0n) this.leasedNano = answer.leasedNano;',
    seed: 44,
  },
  {
    name: 'refuses before the others have answered',
    file: `${LEASES}/wish-queue.ts`,
    find: "if (answer.kind === 'refused' || askedMs >= untilMs) {",
    replace: "if (answer.kind === 'refused' || untilMs > 0) {",
    seed: 2,
  },
  {
    name: 'refuses without a look at what has been given back in its own house',
    file: `${LEASES}/wish-queue.ts`,
    find: "if (answer.kind === 'refused' && wish.leastNano <= lacking.availableNano) {",
    replace: "if (answer.kind === 'refused' && wish.leastNano < 0n) {",
    seed: 12,
  },
  {
    name: 'grants what its request has been granted already',
    file: `${LEASES}/wish-queue.ts`,
    find: '  if (wish.ended) return; // Its time',
    replace: '  // Its time',
    seed: 84,
  },
  {
    name: 'keeps a settled hold',
    file: `${LEASES}/lease.ts`,
    find: '    this.heldNano -= heldNano;\n',
    replace: '',
    seed: 1,
  },
  {
    name: 'forgets to take a charge off what is pending',
    file: `${LEASES}/lease.ts`,
    find: '    this.leasedNano = answer.leasedNano;\n    this.pendingNano -= chargedNano;\n',
    replace: '    this.leasedNano = answer.leasedNano;\n',
    seed: 3,
  },
  {
    name: 'keeps the charge of a settle that the log refused',
    file: `${LEASES}/leased-ledger.ts`,
    find: '      for (const lease of this.#book.leasesOf(request)) lease.forget(chargedNano);\n',
    replace: '',
    seed: 2,
  },
  {
    name: 'sends a record to the books before it is on the disk',
    file: `${LEASES}/leased-ledger.ts`,
    find: '    try {\n      await durable;\n    } catch {',
    replace:
      '    this.#applier.enqueue({ seq, settlement, chargedNano });\n    this.#applier.enqueue = () => {};\n    try {\n      await durable;\n    } catch {',
    seed: 2,
  },
  {
    name: 'trusts its leases however long PostgreSQL is silent',
    file: `${LEASES}/leased-ledger.ts`,
    find: 'const TRUST_MS = 45_000;',
    replace: 'const TRUST_MS = 1e9;',
    seed: 684,
  },
  {
    name: 'goes on when another process has taken its place',
    file: `${LEASES}/applier.ts`,
    find: '    this.#isFenced = true;\n',
    replace: '    return;\n',
    seed: 11,
  },
  {
    name: 'drops the order of locks',
    file: `${LEASES}/leased-batch.ts`,
    find: 'return byId([a.accountId, undefined], [b.accountId, undefined]);',
    replace: 'return 0 * byId([a.accountId, undefined], [b.accountId, undefined]);',
    seed: 8,
  },
  {
    name: 'guesses that a batch whose answer was lost is not there',
    file: `${LEASES}/applier.ts`,
    find: '    this.#dropThrough(applied.seq);\n',
    replace: '',
    seed: 74,
  },
  {
    name: 'guesses what its leases are after doubt',
    file: `${LEASES}/applier.ts`,
    find: '    this.#options.book.correct(applied.leases);\n',
    replace: '',
    seed: 3,
  },
  {
    name: 'does not look for a lease that was committed late',
    file: `${LEASES}/applier.ts`,
    find: 'const DOUBT_MS = 60_000;',
    replace: 'const DOUBT_MS = 0;',
    seed: 167,
  },
  {
    name: 'charges one record of several',
    file: `${LEASES}/lease-book.ts`,
    find: 'charged.set(lease, (charged.get(lease) ?? 0n) + chargedNano);',
    replace: 'charged.set(lease, chargedNano);',
    seed: 5,
  },
  {
    name: 'frees a segment that is not applied yet',
    file: `${LOG}/settlement-log.ts`,
    find: 'if (oldest === undefined || next === undefined || next.firstSeq > throughSeq + 1) return;',
    replace: 'if (oldest === undefined || next === undefined) return;',
    seed: 1404,
  },
  {
    name: 'answers before the flush',
    file: `${LOG}/settlement-log.ts`,
    find: 'await file.writeDurably(',
    replace: 'await file.write(',
    seed: 2,
  },
  {
    name: 'does not flush the name of a new segment',
    file: `${LOG}/settlement-log.ts`,
    find: '    await this.#disk.flushDirectory(this.#options.directory);\n',
    replace: '',
    seed: 2,
  },
  {
    name: 'writes on after a flush has failed',
    file: `${LOG}/settlement-log.ts`,
    find: '    this.#broken = broken;\n    group.reject(broken);\n    this.#group.reject(broken);\n    this.#inFlight?.reject(broken);\n',
    replace: '    group.resolve();\n',
    seed: 326,
  },
  {
    name: 'takes half a write for all of it',
    file: `${LOG}/settlement-log.ts`,
    find: '    written += count;\n',
    replace: '    written += end - from;\n',
    seed: 20,
  },
  {
    name: 'does not give the numbers of refused records again',
    file: `${LOG}/settlement-log.ts`,
    find: '    this.#lastSeq = group.firstSeq - 1;\n',
    replace: '',
    seed: 2,
  },
  {
    name: 'takes a torn frame for a record',
    file: `${LOG}/frame.ts`,
    find: '  if (crc32(from.subarray(at + 4, end), salt) !== from.readUInt32LE(at)) return undefined;\n',
    replace: '',
    seed: 51,
  },
  {
    name: 'takes a torn end for damage',
    file: `${LOG}/segment.ts`,
    find: 'if (read?.frame.startsGroup === true) return true;',
    replace: 'if (read !== undefined) return true;',
    seed: 230,
  },
  {
    name: 'starts without what it had settled before',
    file: `${LEASES}/settle-earlier.ts`,
    find: '  const replayed = await replay(books, gateway, left.value, onProblem, disk);\n',
    replace:
      '  const replayed = { ok: true, value: replay.length } as { ok: boolean; error: string };\n',
    seed: 11,
  },
  {
    name: 'gives earlier leases back before it has paid from them',
    file: `${LEASES}/settle-earlier.ts`,
    find: '  const replayed = await',
    replace: '  await books.endEarlier(gateway);\n  const replayed = await',
    seed: 103,
  },
  {
    name: 'removes the log before it is applied',
    file: `${LEASES}/replay.ts`,
    find: '  const opened = await books.open(gateway);\n',
    replace: '  remove(disk, left);\n  const opened = await books.open(gateway);\n',
    seed: 11,
  },
  {
    name: 'applies again what was applied before a crash',
    file: `${LEASES}/replay.ts`,
    find: '    .filter((frame) => frame.seq > seq)\n',
    replace: '',
    seed: 3,
  },
  {
    name: 'takes leases from the living after an outage',
    file: 'store/postgres/gateway-epoch.ts',
    find: 'if (this.#timers.monotonicMs() - this.#steadySinceMs > SILENT_MS) {',
    replace: 'if (this.#steadySinceMs >= 0) {',
    seed: 310,
  },
  {
    name: 'leaves the leases of the dead',
    file: 'store/postgres/gateway-epoch.ts',
    find: '        await books.voidSilent(SILENT_MS);\n',
    replace: '        void books.voidSilent;\n',
    seed: 4,
  },
  ...BUDGET_MUTANTS,
  ...PRICE_MUTANTS,
];
