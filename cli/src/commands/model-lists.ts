// Lists of models that keys and projects are held to, as options and as words.

import type { Command } from 'commander';

import { modelIds } from '../arguments.ts';
import { done, EXIT, failed, type Outcome } from '../outcome.ts';

export type ListChoice = { readonly models?: readonly string[]; readonly all?: true };

export function listOptions(command: Command): Command {
  return command
    .option('--models <a,b>', 'these and no others', modelIds)
    .option('--all', 'no list any more');
}

/** Null: every model. */
export function chosenList({ models, all }: ListChoice): Outcome<string[] | null> {
  if (models !== undefined && all === undefined) return done([...models]);
  if (models === undefined && all === true) return done(null);
  return failed('choice-required', 'Say either --models with a list, or --all.', EXIT.usage);
}

export function modelsOf({ models }: { readonly models?: readonly string[] | undefined }): string {
  if (models === undefined) return 'all';
  return models.length === 0 ? 'none' : models.join(', ');
}
