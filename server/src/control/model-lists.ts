// The lists of models that keys and projects are held to: a name that no model has is a slip of the finger, and would be
// a key that can do less than was meant.

import type { ManagementError } from '@turnpike/contract/errors.ts';

import type { ModelList } from '../domain/accounts/model-access.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { ServerFacts } from '../ports/server-facts.ts';

/** Each once. */
export function modelsOnSale(
  facts: ServerFacts,
  wanted: ModelList,
): Result<ModelList, ManagementError> {
  if (wanted === undefined) return ok(undefined);
  const served = facts.models().map(({ id }) => id);
  const stray = wanted.find((model) => !served.includes(model));
  if (stray === undefined) return ok([...new Set(wanted)]);
  const message = `There is no model ${JSON.stringify(stray)}. There are ${served.join(', ')}.`;
  return err({ code: 'not-found', message, field: 'models' });
}
