// A conversation that does not fit the model loses as much of its oldest middle as it must, by the engine's own count,
// where its client asked for that instead of a refusal. The answer says how much it was.

import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import { cutsOf } from '../domain/generation/drop-oldest.ts';
import type { Generation } from '../domain/generation/generation.ts';
import { COUNT_TIMEOUT_MS, COUNTS_MAX } from '../limits.ts';
import type { Decoded } from '../protocols/protocol.ts';
import { inputTokensBound, largeInputTokensBound } from './admit.ts';
import type { FittedRequest } from './fit-request.ts';
import type { Gateway, ServedModel } from './gateway.ts';
import { modelFor } from './model-for.ts';

type Asking = {
  readonly caller: KeyEntry;
  readonly decoded: Pick<Decoded, 'model' | 'truncates'>;
  readonly isLarge: boolean;
};

/** What the model keeps for its answer, if the client wants no less. */
const ANSWER_SHARE = 4;

export async function shorten(
  gateway: Gateway,
  { caller, decoded, isLarge }: Asking,
  fitted: FittedRequest,
  signal: AbortSignal,
): Promise<FittedRequest> {
  if (decoded.truncates !== true) return fitted;
  const offered = modelFor(gateway, caller, decoded.model);
  const { generation } = fitted;
  if (!offered.ok) return fitted; // which is refused, by the next step
  const { model } = offered.value;
  const room = roomFor(generation, model);
  // Most conversations fit so clearly that nobody has to count.
  const bound = isLarge ? await largeInputTokensBound(generation) : inputTokensBound(generation);
  if (bound <= room) return fitted;
  const count = counterOf(gateway, model, signal);
  if (count === undefined || (await count(generation)) <= room) return fitted;

  const cuts = cutsOf(generation.items);
  let low = 0;
  let high = cuts.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const items = cuts[middle] ?? [];
    if ((await count({ ...generation, items })) <= room) high = middle;
    else low = middle + 1;
  }
  const items = cuts[low];
  // Nothing may be left out; whether it fits is for the engine to say.
  if (items === undefined) return fitted;
  const left = generation.items.length - items.length;
  const repair = { field: 'items', detail: `the ${left} oldest items left out to fit the context` };
  return {
    ...fitted,
    generation: { ...generation, items },
    repairs: [...fitted.repairs, repair],
  };
}

function roomFor({ outputTokensMax }: Generation, model: ServedModel): number {
  const { contextTokensMax } = model;
  const share = Math.floor(contextTokensMax / ANSWER_SHARE);
  return contextTokensMax - Math.min(outputTokensMax ?? model.outputTokensMax, share);
}

type Count = (generation: Generation) => Promise<number>;

/** Undefined where the engine can't count, or has enough to count already. What can't be counted fits. */
function counterOf(
  { load }: Gateway,
  { engine, engineModel }: ServedModel,
  signal: AbortSignal,
): Count | undefined {
  if (engine.countTokens === undefined || load.countsRunning >= COUNTS_MAX) return undefined;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(COUNT_TIMEOUT_MS)]);
  return async (generation) => {
    load.countsRunning++;
    try {
      const counted = await engine.countTokens?.({ engineModel, generation }, limited);
      return counted?.ok === true ? counted.value : 0;
    } finally {
      load.countsRunning--;
    }
  };
}
