// Finds the organisation and the project that a call is about: by id, else by name, else the only one there is.

import type { ManagementError } from '@turnpike/contract/errors.ts';

import { err, ok, type Result } from '../lib/result.ts';
import type { Accounts, Organisation, Project } from '../ports/accounts.ts';

/** More names than this make no message that anyone reads. */
const CHOICES_SHOWN_MAX = 20;

type Chosen<T> = Result<T, ManagementError>;
type Named = { readonly id: string; readonly name: string };

export async function chooseOrganisation(
  accounts: Accounts,
  choice: string | undefined,
): Promise<Chosen<Organisation>> {
  return choose('organisation', await accounts.organisations(), choice);
}

export async function chooseProject(
  accounts: Accounts,
  organisation: Organisation,
  choice: string | undefined,
): Promise<Chosen<Project>> {
  return choose('project', await accounts.projects(organisation.id), choice);
}

function choose<T extends Named>(
  field: 'organisation' | 'project',
  all: readonly T[],
  choice: string | undefined,
): Chosen<T> {
  const [first, ...others] = all;
  if (first === undefined) {
    return err({ code: 'not-found', message: `There is no ${field} yet.`, field });
  }
  if (choice === undefined) {
    return others.length === 0 ? ok(first) : err(choiceRequired(field, all));
  }
  const byId = all.find((candidate) => candidate.id === choice);
  if (byId !== undefined) return ok(byId);
  const [named, namesake] = all.filter((candidate) => candidate.name === choice);
  if (named === undefined) return err(noSuch(field, all, choice));
  if (namesake !== undefined) return err(ambiguous(field, choice));
  return ok(named);
}

function choiceRequired(field: string, all: readonly Named[]): ManagementError {
  return {
    code: 'choice-required',
    message: `There is more than one ${field}: name one in "${field}". There are ${listOf(all)}.`,
    field,
  };
}

function noSuch(field: string, all: readonly Named[], choice: string): ManagementError {
  const message = `There is no ${field} ${JSON.stringify(choice)}. There are ${listOf(all)}.`;
  return { code: 'not-found', message, field };
}

function ambiguous(field: string, choice: string): ManagementError {
  const message = `More than one ${field} is named ${JSON.stringify(choice)}: use its id.`;
  return { code: 'choice-required', message, field };
}

function listOf(all: readonly Named[]): string {
  const shown = all
    .slice(0, CHOICES_SHOWN_MAX)
    .map(({ id, name }) => `${JSON.stringify(name)} (${id})`);
  const hidden = all.length - shown.length;
  return shown.join(', ') + (hidden > 0 ? ` and ${hidden} more` : '');
}
