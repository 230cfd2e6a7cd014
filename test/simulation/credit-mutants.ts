// Mistakes planted in how credit blocks burn, begin and end; see mutants.ts. Those in the SQL are in
// server/src/store/postgres/credits/burning-mistakes.test.ts.

import type { Mutant } from './mutant.ts';

const CREDITS = 'store/memory/credits.ts';

export const CREDIT_MUTANTS: readonly Mutant[] = [
  {
    name: 'burns a block after it has expired, before others',
    file: CREDITS,
    find: 'for (const block of [...alive.toSorted(burnOrder), ...over.toSorted(burnOrder)]) {',
    replace: 'for (const block of [...alive, ...over].toSorted(burnOrder)) {',
    seed: 254,
  },
  {
    name: 'burns what lasts longest first',
    file: 'domain/credits/credit-block.ts',
    find: 'compare(a.expiresAtMs ?? Infinity, b.expiresAtMs ?? Infinity) ||',
    replace: 'compare(b.expiresAtMs ?? Infinity, a.expiresAtMs ?? Infinity) ||',
    seed: 6,
  },
  {
    name: 'burns what was paid for before what was given',
    file: 'domain/credits/credit-block.ts',
    find: 'RANK[a.source] - RANK[b.source] ||',
    replace: 'RANK[b.source] - RANK[a.source] ||',
    seed: 354,
  },
  {
    name: 'burns a block before it is effective',
    file: CREDITS,
    find: 'effective: effectiveAtMs === undefined || effectiveAtMs <= nowMs,',
    replace: 'effective: true,',
    seed: 2,
  },
  {
    name: 'lets expire what running requests have set aside',
    file: CREDITS,
    find: '      const part = least(block.remaining, free);\n      block.remaining -= part;\n      block.expired += part;',
    replace:
      '      const part = block.remaining;\n      block.remaining -= part;\n      block.expired += part;',
    seed: 13,
  },
  {
    name: 'takes back more than is free',
    file: CREDITS,
    find: 'const fromBlock = least(amountNano, block.remaining, free);',
    replace: 'const fromBlock = least(amountNano, block.remaining);',
    seed: 52,
  },
];
