// Mistakes planted where budgets are held and charged, and where prices are pinned; see mutants.ts.

import type { Mutant } from './mutant.ts';

const LEASES = 'store/postgres/leases';

export const BUDGET_MUTANTS: readonly Mutant[] = [
  {
    name: 'forgets one budget of several',
    file: `${LEASES}/lease-book.ts`,
    find: 'return [credits, ...budgets.map(',
    replace: 'return [credits, ...budgets.slice(0, 2).map(',
    seed: 2,
  },
  {
    name: 'holds from what the credits cover, whatever the budgets say',
    file: `${LEASES}/leased-ledger.ts`,
    find: 'for (const lease of leases) if (!lease.covers(amountNano, nowMs)) covered = false;',
    replace:
      'for (const lease of leases.slice(0, 1)) if (!lease.covers(amountNano, nowMs)) covered = false;',
    seed: 6,
  },
  {
    name: 'extends a hold on the credits alone',
    file: `${LEASES}/leased-ledger.ts`,
    find: 'if (this.#take(request, moreNano, nowMs)) {',
    replace: 'if (this.#take({ organisationId: request.organisationId }, moreNano, nowMs)) {',
    seed: 9,
  },
  {
    name: 'gives what was not spent back to the credits alone',
    file: `${LEASES}/leased-ledger.ts`,
    find: 'for (const lease of leases) lease.settle(heldNano, chargedNano);',
    replace:
      "for (const lease of leases) lease.settle(lease.accountId.startsWith('credits:') ? heldNano : chargedNano, chargedNano);",
    seed: 2,
  },
  {
    name: 'charges the window in which it ends',
    file: `${LEASES}/leased-ledger.ts`,
    find: 'const settlement = budgets === undefined ? ended : { ...ended, budgets };',
    replace:
      'const endedOn = new Date(ended.startedAtMs + ended.durationMs).toISOString().slice(0, 10);\n    const settlement = budgets === undefined ? ended : { ...ended, budgets: budgets.map((id) => id.replace(new Date(ended.startedAtMs).toISOString().slice(0, 10), endedOn)) };',
    seed: 106,
  },
  {
    name: 'leaves the windows out of the record',
    file: 'store/settlement-log/settle-record.ts',
    find: '  budgets: z.array(z.string()).exactOptional(),\n',
    replace: '',
    seed: 11,
  },
  {
    name: 'gives a wish what one of its accounts has',
    file: `${LEASES}/wish-queue.ts`,
    find: 'for (const lease of wish.leases) amount = smaller(amount, lease.grantableNano(nowMs));',
    replace:
      'for (const lease of wish.leases.slice(0, 1)) amount = smaller(amount, lease.grantableNano(nowMs));',
    seed: 23,
  },
  {
    name: 'serves a wish that only its credits cover',
    file: `${LEASES}/wish-queue.ts`,
    find: '        kept.add(lease);\n        fits = false;\n',
    replace: "        kept.add(lease);\n        fits &&= lease.accountId.startsWith('budget:');\n",
    seed: 26,
  },
  {
    name: 'ignores recalls of budgets',
    file: `${LEASES}/leased-ledger.ts`,
    find: "if (lease === undefined || this.#state === 'fenced') return;",
    replace:
      "if (lease === undefined || this.#state === 'fenced' || accountId.startsWith('budget:')) return;",
    seed: 4,
  },
  {
    name: 'forgets a lease that a wish still names',
    file: `${LEASES}/lease.ts`,
    find: '      this.wished === 0 &&\n      !this.#isAsked\n',
    replace: '      this.waiting === 0\n',
    seed: 379,
  },
  {
    name: 'guesses what its budgets have leased after doubt',
    file: `${LEASES}/lease-book.ts`,
    find: 'for (const lease of this.#leases.values()) lease.correct(leases.get(lease.accountId) ?? 0n);',
    replace:
      "for (const lease of this.#leases.values()) if (lease.accountId.startsWith('credits:')) lease.correct(leases.get(lease.accountId) ?? 0n);",
    seed: 19,
  },
  {
    name: 'replays a log on the credits alone',
    file: `${LEASES}/replay.ts`,
    find: 'for (const accountId of accountsOf(settlement)) {',
    replace: 'for (const accountId of accountsOf(settlement).slice(0, 1)) {',
    seed: 11,
  },
  {
    name: 'takes budgets from leases of an earlier start for its own',
    file: `${LEASES}/replay.ts`,
    find: 'let { seq } = await session.applied(epoch);',
    replace: 'let { seq } = await session.applied(gateway.epoch);',
    seed: 3,
  },
  {
    name: 'begins weeks on Sunday',
    file: 'domain/ledger/budget.ts',
    find: '(now.getUTCDay() + 6) % 7',
    replace: 'now.getUTCDay() % 7',
    seed: 2,
  },
  {
    name: 'begins days at local midnight',
    file: 'domain/ledger/budget.ts',
    find: 'const now = new Date(nowMs);',
    replace: 'const now = new Date(nowMs + 3_600_000);',
    seed: 2,
  },
  {
    name: 'mixes up end users of two organisations',
    file: 'domain/ledger/budget.ts',
    find: 'return `${scope} ${organisationId} ${subject}`;',
    replace: "return `${scope} ${scope === 'end-user' ? '' : organisationId} ${subject}`;",
    seed: 8,
  },
  {
    name: 'does not ask for the limits of end users',
    file: 'gateway/generate.ts',
    find: 'const whose = { organisationId, projectId, keyId, ...(endUser !== undefined && { endUser }) };',
    replace:
      'const whose = { organisationId, projectId, keyId, ...(endUser === keyId && { endUser }) };',
    seed: 2,
  },
];

export const PRICE_MUTANTS: readonly Mutant[] = [
  {
    name: 'prices at what is in force when it settles',
    file: 'gateway/model-for.ts',
    find: 'const { version } = book;\n  const price = prices[asked];\n',
    replace:
      'const { version } = book;\n  const price = prices[asked];\n  if (price !== undefined) return { get price() { return latest(book, modelId, asked) ?? price; }, version, tier: asked, prices };\n',
    and: [
      {
        file: 'gateway/model-for.ts',
        find: 'function priceOf(',
        replace:
          'let latestBook: PriceBook | undefined;\nfunction latest(book: PriceBook, modelId: string, asked: ServiceTier): ModelPrice | undefined {\n  return (latestBook?.version ?? 0) > book.version ? latestBook?.models.get(modelId)?.[asked] : undefined;\n}\n\nfunction priceOf(',
      },
      {
        file: 'gateway/model-for.ts',
        find: '  const book = bookOf(gateway, caller);\n  const pinned',
        replace: '  const book = (latestBook = bookOf(gateway, caller));\n  const pinned',
      },
      {
        file: 'gateway/admit.ts',
        find: '    this.price = pinned.price;\n',
        replace: "    Object.defineProperty(this, 'price', { get: () => pinned.price });\n",
      },
      {
        file: 'gateway/admit.ts',
        find: '  readonly price: ModelPrice;\n',
        replace: '  declare readonly price: ModelPrice;\n',
      },
    ],
    seed: 14,
  },
  {
    name: 'charges the usual price for another tier',
    file: 'gateway/model-for.ts',
    find: 'const price = prices[asked];',
    replace: 'const price = prices[asked] && prices.standard;',
    seed: 5,
  },
  {
    name: 'names the tier that was asked for, not the one that was used',
    file: 'gateway/model-for.ts',
    find: "return { price: prices.standard, version, tier: 'standard', prices };",
    replace: 'return { price: prices.standard, version, tier: asked, prices };',
    seed: 5,
  },
  {
    name: 'sells at a price before its day',
    file: 'domain/pricing/prices.ts',
    find: 'if (one !== undefined && one.fromMs <= nowMs) return one.value;',
    replace: 'if (one !== undefined && one.fromMs <= nowMs + 2_000) return one.value;',
    seed: 82,
  },
  {
    name: 'forgets the contract',
    file: 'domain/pricing/prices.ts',
    find: 'const bookId = (own && inForce(own, nowMs)) ?? LIST_PRICES;',
    replace: 'const bookId = (own && inForce([], nowMs)) ?? LIST_PRICES;',
    seed: 5,
  },
  {
    name: 'falls back to list prices when a contract has none',
    file: 'domain/pricing/prices.ts',
    find: 'return versions && inForce(versions, nowMs);',
    replace:
      'return (versions && inForce(versions, nowMs)) ?? inForce(books.get(LIST_PRICES) ?? [], nowMs);',
    seed: 208,
  },
  {
    name: 'trains on what nobody agreed to',
    file: 'gateway/model-for.ts',
    find: "if (tier === 'contributor' && caller.contributes !== true) {",
    replace: "if (tier === 'contributor' && caller.contributes === false) {",
    seed: 4,
  },
  {
    name: 'serves a key that was revoked',
    file: 'gateway/authenticate.ts',
    find: "return entry.revoked ? refused('revoked') : ok(entry);",
    replace: 'return ok(entry);',
    seed: 2,
  },
  {
    name: 'serves an organisation that is frozen',
    file: 'gateway/admit.ts',
    find: "return caller.frozen === true ? { kind: 'organisation-frozen' } : undefined;",
    replace: 'return undefined;',
    seed: 31,
  },
];
