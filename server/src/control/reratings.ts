// Prices changed afterwards, for their operator: a look first, then a run that goes on until it is done.

import type { ManagementError } from '@turnpike/contract/errors.ts';
import { moneyOf } from '@turnpike/contract/money.ts';
import type { reratingRoutes } from '@turnpike/contract/rerating-routes.ts';
import type { Rerating as Shown } from '@turnpike/contract/reratings.ts';

import { err, ok, type Result } from '../lib/result.ts';
import type { Organisation } from '../ports/accounts.ts';
import type {
  ReratedSum,
  Rerated,
  Rerating,
  ReratingAsk,
  ReratingProblem,
} from '../ports/reratings.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { chooseOrganisation } from './scope.ts';

type About = {
  readonly organisation?: string | undefined;
  readonly everybody: boolean;
  readonly from: string;
  readonly to: string;
  readonly version: number | 'admitted';
};

export function reratings(deps: ControlDeps): Pick<Handlers, keyof typeof reratingRoutes> {
  const { accounts, reratings: store } = deps;
  const named = async () =>
    new Map((await accounts.organisations()).map(({ id, name }) => [id, name]));
  const shown = async (asked: Rerated<Rerating>) => {
    const done = await asked;
    return done.ok ? ok(runShown(done.value, await named())) : err(refusalOf(done.error));
  };
  return {
    async previewRerating(about) {
      const ask = await askOf(deps, about);
      if (!ask.ok) return ask;
      const done = await store.preview(ask.value);
      if (!done.ok) return err(refusalOf(done.error));
      const { sums, reachedMs } = done.value;
      const to = new Date(reachedMs).toISOString();
      const names = await named();
      const data = sums.map((sum) => sumShown(sum, names));
      return ok({ from: about.from, to, ...(reachedMs < ask.value.toMs && { next: to }), data });
    },

    async beginRerating({ id, note, by, ...about }) {
      const ask = await askOf(deps, about);
      if (!ask.ok) return ask;
      return shown(store.begin({ id, note, by, ...ask.value }));
    },

    proceedRerating: ({ id }) => shown(store.proceed(id)),

    async listReratings() {
      const names = await named();
      return ok({ data: (await store.list()).map((run) => runShown(run, names)) });
    },
  };
}

async function askOf(
  { accounts }: ControlDeps,
  { organisation: choice, everybody, from, to, version }: About,
): Promise<Result<ReratingAsk, ManagementError>> {
  const span = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  const ask = { ...span, ...(version !== 'admitted' && { version }) };
  if (everybody) {
    const message = 'It is about one organisation or everybody: leave one of the two out.';
    return choice === undefined
      ? ok(ask)
      : err({ code: 'invalid-request', message, field: 'everybody' });
  }
  const organisation: Result<Organisation, ManagementError> = await chooseOrganisation(
    accounts,
    choice,
  );
  return organisation.ok ? ok({ ...ask, organisationId: organisation.value.id }) : organisation;
}

type Names = ReadonlyMap<string, string>;

function sumShown({ beforeNano, afterNano, chargedNano, ...sum }: ReratedSum, names: Names) {
  return {
    ...sum,
    name: names.get(sum.organisationId) ?? '',
    cost: moneyOf(beforeNano),
    rerated: moneyOf(afterNano),
    difference: moneyOf(chargedNano),
  };
}

function runShown(run: Rerating, names: Names): Shown {
  const { id, organisationId, version, note, by, begunAtMs, finishedAtMs } = run;
  return {
    id,
    ...(organisationId !== undefined && { organisationId }),
    from: new Date(run.fromMs).toISOString(),
    to: new Date(run.toMs).toISOString(),
    version: version ?? 'admitted',
    note,
    by,
    begunAt: new Date(begunAtMs).toISOString(),
    ...(finishedAtMs !== undefined && { finishedAt: new Date(finishedAtMs).toISOString() }),
    organisations: run.organisations.map(({ chargedNano, settledNano, blockId, ...one }) => ({
      ...one,
      name: names.get(one.organisationId) ?? '',
      difference: moneyOf(chargedNano),
      settled: moneyOf(settledNano),
      ...(blockId !== undefined && { block: blockId }),
    })),
  };
}

function refusalOf(problem: ReratingProblem): ManagementError {
  switch (problem.kind) {
    case 'no-such-version': {
      const message = `There is no version ${problem.version} of a price book: "turnpike prices history" lists them.`;
      return { code: 'not-found', message, field: 'version' };
    }
    case 'version-not-in-force': {
      const message = `Version ${problem.version} has not been in force yet, or was called off: choose one that is or was.`;
      return { code: 'price-moment', message, field: 'version' };
    }
    case 'unpriced': {
      const message = `The version has no price for ${problem.models.join(', ')}, which was used: publish one that has.`;
      return { code: 'price-gap', message, field: 'version' };
    }
    case 'span-not-over': {
      const now = new Date(problem.nowMs).toISOString();
      const message = `Only what is over can be re-rated: choose a "to" up to ${now}.`;
      return { code: 'invalid-request', message, field: 'to' };
    }
    case 'span-empty': {
      const message = '"from" must be before "to".';
      return { code: 'invalid-request', message, field: 'from' };
    }
    case 'another-is-open': {
      const message = `The re-rating ${JSON.stringify(problem.id)} is not finished: proceed with it first.`;
      return { code: 'conflict', message, field: 'id' };
    }
    case 'conflict': {
      const message = `There is a re-rating of this id with another ${FIELDS[problem.field]}: choose another id.`;
      return { code: 'conflict', message, field: 'id' };
    }
    case 'no-such-rerating': {
      const message = `There is no re-rating ${JSON.stringify(problem.id)}.`;
      return { code: 'not-found', message, field: 'id' };
    }
  }
}

const FIELDS: {
  readonly [field in Extract<ReratingProblem, { kind: 'conflict' }>['field']]: string;
} = {
  id: 'id',
  organisationId: 'organisation',
  fromMs: 'beginning',
  toMs: 'end',
  version: 'version',
  note: 'note',
  by: 'author',
};
