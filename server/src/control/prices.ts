// Price books for their operator: drafts that become versions, contracts, what a draft would have earned, and consents.

import type { ManagementError } from '@turnpike/contract/errors.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type { priceRoutes } from '@turnpike/contract/price-routes.ts';
import type { Simulation } from '@turnpike/contract/prices.ts';

import { err, ok } from '../lib/result.ts';
import type { Organisation } from '../ports/accounts.ts';
import type { Draft, Outcome, PriceProblem, SimulatedRow } from '../ports/price-books.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { bookShown, draftShown, modelsFrom, rulesFrom, versionShown } from './price-shapes.ts';
import { chooseOrganisation, chooseProject } from './scope.ts';

const DAY_MS = 86_400_000;
const DONE = { done: true } as const;

type Prices = Pick<Handlers, keyof typeof priceRoutes>;

export function prices(deps: ControlDeps): Prices {
  return { ...books(deps), ...drafts(deps), ...consents(deps) };
}

function books({
  accounts,
  prices: store,
  facts,
}: ControlDeps): Omit<Prices, keyof ReturnType<typeof drafts> | keyof ReturnType<typeof consents>> {
  return {
    async listPriceBooks() {
      return ok({ data: (await store.books()).map(bookShown) });
    },

    async createPriceBook({ id, name, approvalRequired, base, rules, by }) {
      if (base === undefined && rules !== undefined) {
        const message = 'Rules change the prices of another book: name it in "base".';
        return err({ code: 'invalid-request', message, field: 'rules' });
      }
      const of = base !== undefined && { of: { base, rules: rulesFrom(rules ?? []) } };
      const made = await store.createBook({ id, name, approvalRequired, by, ...of });
      return made.ok ? ok(DONE) : err(refusalOf(made.error));
    },

    async setPriceRules({ id, rules, effectiveFrom, by }) {
      const set = await store.setRules(id, rulesFrom(rules), momentOf(effectiveFrom), by);
      return set.ok ? ok(DONE) : err(refusalOf(set.error));
    },

    async assignPriceBook({ id, organisation: choice, effectiveFrom, by }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      const from = momentOf(effectiveFrom);
      const assigned = await store.assign(organisation.value.id, id, from, by);
      return assigned.ok ? ok(DONE) : err(refusalOf(assigned.error));
    },

    async listPriceVersions({ book }) {
      return ok({ data: (await store.history(book)).map(versionShown) });
    },

    async callOffPriceVersion({ version, by, reason }) {
      const off = await store.callOff(version, by, reason);
      return off.ok ? ok(versionShown(off.value)) : err(refusalOf(off.error));
    },

    async simulatePrices({ book, models, days, from, to }) {
      const toMs = momentOf(to) ?? facts.nowMs();
      const fromMs = momentOf(from) ?? toMs - days * DAY_MS;
      const drafted = { bookId: book, models: modelsFrom(models) };
      const done = await store.simulate(drafted, { fromMs, toMs });
      if (!done.ok) return err(refusalOf(done.error));
      const { rows, reachedMs } = done.value;
      const organisations = await accounts.organisations();
      const simulated = simulationOf(rows, organisations, { fromMs, toMs: reachedMs });
      const next = reachedMs < toMs && { next: new Date(reachedMs).toISOString() };
      return ok({ ...simulated, ...next });
    },
  };
}

function drafts({ prices: store, newId }: ControlDeps) {
  return {
    async listPriceDrafts() {
      return ok({ data: (await store.drafts()).map(draftShown) });
    },
    async savePriceDraft({ id, book, models, withdrawn, note, by }) {
      const drafted = { id: id ?? newId('prices'), bookId: book, models: modelsFrom(models) };
      return shown(store.saveDraft({ ...drafted, withdrawn, note, by }));
    },
    approvePriceDraft: ({ id, by }) => shown(store.approveDraft(id, by)),
    schedulePriceDraft: ({ id, effectiveFrom, by }) =>
      shown(store.scheduleDraft(id, momentOf(effectiveFrom), by)),
    discardPriceDraft: ({ id }) => shown(store.discardDraft(id)),
  } satisfies Partial<Prices>;
}

function consents({ accounts, prices: store }: ControlDeps) {
  return {
    async listDataUseConsents({ id }) {
      const data = (await store.consents(id)).map(({ atMs, ...rest }) => ({
        ...rest,
        at: new Date(atMs).toISOString(),
      }));
      return ok({ data });
    },
    async recordDataUseConsent({ id, organisation: choice, kind, textVersion, by }) {
      const organisation = await chooseOrganisation(accounts, choice);
      if (!organisation.ok) return organisation;
      const project = await chooseProject(accounts, organisation.value, id);
      if (!project.ok) return project;
      await store.recordConsent(project.value.id, { kind, textVersion, by });
      return ok(DONE);
    },
  } satisfies Partial<Prices>;
}

function momentOf(instant: string | undefined): number | undefined {
  return instant === undefined ? undefined : Date.parse(instant);
}

async function shown(asked: Outcome<Draft>) {
  const draft = await asked;
  return draft.ok ? ok(draftShown(draft.value)) : err(refusalOf(draft.error));
}

function refusalOf(problem: PriceProblem): ManagementError {
  switch (problem.kind) {
    case 'price-gap': {
      const models = problem.models.map((model) => JSON.stringify(model)).join(', ');
      const message = `It has no price for ${models}, which had one: add it, or name it in "withdrawn".`;
      return { code: 'price-gap', message, field: 'models' };
    }
    case 'price-overlap': {
      const at = new Date(problem.atMs).toISOString();
      const message = `Another version of this book begins at ${at}: choose another moment.`;
      return { code: 'price-overlap', message, field: 'effectiveFrom' };
    }
    case 'price-in-the-past': {
      const now = new Date(problem.nowMs).toISOString();
      const message = `Prices never change what is over: choose a moment from ${now} on, or leave it out.`;
      return { code: 'price-moment', message, field: 'effectiveFrom' };
    }
    case 'price-too-far': {
      const until = new Date(problem.untilMs).toISOString();
      return {
        code: 'price-moment',
        message: `Choose a moment before ${until}.`,
        field: 'effectiveFrom',
      };
    }
    case 'price-immutable': {
      const message = `It is ${problem.state} and can't be changed any more: make a new draft.`;
      return { code: 'price-immutable', message, field: 'id' };
    }
    case 'approval-required': {
      const message = 'Somebody else than who made it has to approve it first.';
      return { code: 'approval-required', message, field: 'by' };
    }
    case 'too-late-to-call-off': {
      const from = new Date(problem.fromMs).toISOString();
      const message = `Version ${problem.version} begins at ${from}, which is over or seconds away: schedule another one instead.`;
      return { code: 'price-immutable', message, field: 'version' };
    }
    case 'later-price-gap': {
      const models = problem.models.map((model) => JSON.stringify(model)).join(', ');
      const message = `Version ${problem.version}, which begins later, has no price for ${models}: call that one off first.`;
      return { code: 'price-gap', message, field: 'version' };
    }
    case 'no-such-version':
      return notFound(`There is no version ${problem.version} of a price book.`);
    case 'no-such-book':
      return notFound(`There is no price book ${JSON.stringify(problem.book)}.`);
    case 'no-such-draft':
      return notFound(`There is no draft ${JSON.stringify(problem.draft)}.`);
    case 'book-exists':
      return conflict(`There is a price book ${JSON.stringify(problem.book)} already.`);
    case 'book-of-rules':
      return conflict(`${JSON.stringify(problem.book)} is made of another book: change its rules.`);
    case 'book-without-base':
      return conflict(`${JSON.stringify(problem.book)} has prices of its own: draft new ones.`);
    case 'book-not-in-force':
      return conflict(
        `${JSON.stringify(problem.book)} has no prices at that moment: schedule some first.`,
      );
  }
}

function notFound(message: string): ManagementError {
  return { code: 'not-found', message };
}

function conflict(message: string): ManagementError {
  return { code: 'conflict', message };
}

type Sum = Omit<SimulatedRow, 'organisationId' | 'model' | 'tier'>;

const NOTHING: Sum = {
  requests: 0,
  costNano: 0n,
  simulatedNano: 0n,
  simulatedFemto: 0n,
  unpriced: 0,
};

function simulationOf(
  rows: readonly SimulatedRow[],
  organisations: readonly Organisation[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Simulation {
  const names = new Map(organisations.map(({ id, name }) => [id, name]));
  const models = groupsOf(rows, ({ model, tier }) => `${model} ${tier}`);
  const customers = groupsOf(rows, ({ organisationId }) => organisationId);
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    byModel: models.map(({ first: { model, tier }, sum }) => ({ model, tier, ...sumShown(sum) })),
    byOrganisation: customers.map(({ first: { organisationId }, sum }) => ({
      organisationId,
      name: names.get(organisationId) ?? '',
      ...sumShown(sum),
    })),
    total: sumShown(rows.reduce(plus, NOTHING)),
  };
}

function groupsOf(rows: readonly SimulatedRow[], keyOf: (row: SimulatedRow) => string) {
  const groups = new Map<string, { readonly first: SimulatedRow; readonly sum: Sum }>();
  for (const row of rows) {
    const { first, sum } = groups.get(keyOf(row)) ?? { first: row, sum: NOTHING };
    groups.set(keyOf(row), { first, sum: plus(sum, row) });
  }
  return [...groups.values()];
}

function plus(sum: Sum, row: Sum): Sum {
  return {
    requests: sum.requests + row.requests,
    costNano: sum.costNano + row.costNano,
    simulatedNano: sum.simulatedNano + row.simulatedNano,
    simulatedFemto: sum.simulatedFemto + row.simulatedFemto,
    unpriced: sum.unpriced + row.unpriced,
  };
}

function sumShown({ requests, costNano, simulatedNano, simulatedFemto, unpriced }: Sum) {
  return {
    requests,
    cost: moneyOf(costNano),
    simulated: moneyOf(simulatedNano),
    exact: `${simulatedFemto}`,
    difference: moneyOf(simulatedNano - costNano),
    unpriced,
  };
}
