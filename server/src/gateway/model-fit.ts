// What a model can't do is refused before its engine hears of it, in the client's own words.

import {
  fitToModel,
  type Capabilities,
  type FitToModel,
} from '../domain/generation/capabilities.ts';
import type { Generation } from '../domain/generation/generation.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';

type Model = { readonly id: string; readonly capabilities: Capabilities };

/** `wire`: the client's own name of a field of the hub. */
export function modelFit(
  { id: model, capabilities }: Model,
  generation: Generation,
  wire: (field: string) => string,
): Result<FitToModel, Refusal> {
  const fitted = fitToModel(generation, capabilities);
  if (!fitted.ok) {
    const field = wire(fitted.error.field);
    if (fitted.error.kind === 'too-many') {
      return err({ kind: 'invalid-request', field, message: fitted.error.message });
    }
    const { feature } = fitted.error;
    return err({ kind: 'unsupported-feature', feature, field, model });
  }
  return ok({ ...fitted.value, ignored: fitted.value.ignored.map(wire) });
}
