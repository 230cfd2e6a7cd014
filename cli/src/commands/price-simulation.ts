// What a list of prices would have earned, asked for bit by bit: the server works for some seconds at a time.

import { moneyOf, type Money } from '@turnpike/contract/money.ts';
import type { Simulation, WrittenModels } from '@turnpike/contract/prices.ts';

import { dollars, grouped } from '../amounts.ts';
import type { Management } from '../management.ts';
import { done, type Outcome } from '../outcome.ts';
import { dim, yellow } from '../paint.ts';
import { table, type Column } from '../table.ts';

type Asked = { readonly book: string; readonly models: WrittenModels; readonly days: number };

export async function simulate(management: Management, asked: Asked): Promise<Outcome<Simulation>> {
  const to = new Date().toISOString();
  const first = await management.ask('simulatePrices', { ...asked, to });
  if (!first.ok) return first;
  let all = first.value;
  while (all.next !== undefined) {
    const more = await management.ask('simulatePrices', { ...asked, from: all.next, to });
    if (!more.ok) return more;
    all = together(all, more.value);
  }
  return done(all);
}

function together({ next: _, ...one }: Simulation, other: Simulation): Simulation {
  const byModel = merged([...one.byModel, ...other.byModel], ({ model, tier }) => [model, tier]);
  const organisations = [...one.byOrganisation, ...other.byOrganisation];
  return {
    ...one,
    to: other.to,
    ...(other.next !== undefined && { next: other.next }),
    byModel,
    byOrganisation: merged(organisations, ({ organisationId }) => [organisationId]),
    total: plus(one.total, other.total),
  };
}

type Sum = Simulation['total'];

function merged<T extends Sum>(rows: readonly T[], keyOf: (row: T) => readonly string[]): T[] {
  const found = new Map<string, T>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const before = found.get(key);
    found.set(key, before === undefined ? row : { ...before, ...plus(before, row) });
  }
  return [...found.values()];
}

function plus(one: Sum, other: Sum): Sum {
  const sum = (a: Money, b: Money): Money => moneyOf(BigInt(a.nano) + BigInt(b.nano));
  return {
    requests: one.requests + other.requests,
    cost: sum(one.cost, other.cost),
    simulated: sum(one.simulated, other.simulated),
    exact: `${BigInt(one.exact) + BigInt(other.exact)}`,
    difference: sum(one.difference, other.difference),
    unpriced: one.unpriced + other.unpriced,
  };
}

const SUMS: readonly Column[] = [
  { heading: 'WHAT' },
  { heading: 'REQUESTS', align: 'right' },
  { heading: 'COST', align: 'right' },
  { heading: 'SIMULATED', align: 'right' },
  { heading: 'DIFFERENCE', align: 'right' },
];

export function simulationText({ from, to, byModel, byOrganisation, total }: Simulation): string {
  const row = (what: string, sum: Simulation['total']): readonly string[] => [
    what,
    grouped(sum.requests),
    dollars(sum.cost),
    dollars(sum.simulated),
    dollars(sum.difference),
  ];
  const unpriced =
    total.unpriced === 0
      ? []
      : [
          yellow(
            `${grouped(total.unpriced)} of these requests have no price there and would have been refused.`,
          ),
        ];
  return [
    table(SUMS, [
      ...byModel.map((one) => row(`${one.model} (${one.tier})`, one)),
      ...byOrganisation.map((one) => row(one.name || one.organisationId, one)),
      row('all', total),
    ]),
    '',
    ...unpriced,
    dim(`Requests that began from ${from} to ${to}; nothing was changed.`),
  ].join('\n');
}
