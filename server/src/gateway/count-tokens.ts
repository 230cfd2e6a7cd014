// One request that only asks how long its prompt is: known caller, known model, no ticket, nothing generated and
// nothing charged. Reads top to bottom, like serve.ts.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import { estimateTokens } from '../domain/generation/estimate-tokens.ts';
import type { Generation } from '../domain/generation/generation.ts';
import type { Refusal } from '../domain/refusal.ts';
import { ok, type Result } from '../lib/result.ts';
import { COUNTS_MAX, RETRY_AFTER_OVERLOADED_MS } from '../limits.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { embeddingsAlone } from './admit.ts';
import { callerOf } from './caller-of.ts';
import type { Call } from './call.ts';
import { fitRequest, type FittedRequest } from './fit-request.ts';
import { engineRefusal, isOperatorsConcern } from './engine-refusal.ts';
import type { Gateway, ServedModel } from './gateway.ts';
import { modelFor } from './model-for.ts';
import { modelFit } from './model-fit.ts';
import { recollect } from './recollect.ts';
import type { Headers, Sink } from './sink.ts';
import { toldHeaders } from './told-headers.ts';

export async function countTokens(
  gateway: Gateway,
  protocol: Protocol,
  call: Call,
  sink: Sink,
): Promise<void> {
  const { requestId } = call;
  const refuse = (refusal: Refusal): void => {
    const { status, headers, body } = protocol.refusal(refusal, requestId);
    sink.answer(status, headers, body);
  };
  const { counting } = protocol;
  if (counting === undefined) return refuse({ kind: 'internal' });

  const caller = callerOf(gateway, call);
  if (!caller.ok) return refuse(caller.error);

  const body = await call.readJson();
  if (!body.ok) return refuse(body.error);
  const known = await recollect(gateway, protocol, caller.value, body.value);
  if (!known.ok) return refuse(known.error);
  const { earlier, sealer } = known.value;
  const decoded = counting.decode(body.value, call.headers, earlier, sealer);
  if (!decoded.ok) return refuse(decoded.error);
  if (call.isLarge?.() === true) await nextTurn();
  const { model: modelId } = decoded.value;
  const fitted = fitRequest(gateway, protocol, decoded.value);
  if (!fitted.ok) return refuse(fitted.error);
  const { wire } = fitted.value;

  const offered = modelFor(gateway, caller.value, modelId);
  if (!offered.ok) return refuse(offered.error);
  const { model } = offered.value;
  if (model.task === 'embedding') return refuse(embeddingsAlone(modelId));
  const fit = modelFit(model, fitted.value.generation, wire);
  if (!fit.ok) return refuse(fit.error);
  const { generation } = fit.value;

  using place = new Place(gateway.load);
  if (!place.isFree) {
    return refuse({ kind: 'overloaded', retryAfterMs: RETRY_AFTER_OVERLOADED_MS });
  }
  const counted = await countOf(model, generation, sink.signal);
  if (sink.signal.aborted) return sink.destroy();
  if (!counted.ok) {
    warnOf(gateway, { requestId, model: modelId, failure: counted.error });
    return refuse(engineRefusal(counted.error, modelId, wire));
  }
  const headers = {
    'content-type': 'application/json',
    ...protocol.headers(requestId),
    ...(counted.value.isEstimate && { 'turnpike-estimate': 'input_tokens' }),
    ...told(fitted.value, [...(decoded.value.ignored ?? []), ...fit.value.ignored]),
  };
  sink.answer(200, headers, counting.answer(counted.value.tokens));
}

type Count = { readonly tokens: number; readonly isEstimate: boolean };

/** An engine that can't tell is no reason to tell an agent nothing. */
async function countOf(
  { engine, engineModel }: ServedModel,
  generation: Generation,
  signal: AbortSignal,
): Promise<Result<Count, EngineFailure>> {
  const counted = await engine.countTokens?.({ engineModel, generation }, signal);
  if (counted?.ok === true) return ok({ tokens: counted.value, isEstimate: false });
  if (counted !== undefined && counted.error.kind !== 'unsupported') return counted;
  return ok({ tokens: estimateTokens(generation), isEstimate: true });
}

function told({ unknown, repairs, wire }: FittedRequest, ignored: readonly string[]): Headers {
  const mended = repairs.map(({ field, detail }) => `${wire(field)}: ${detail}`);
  return toldHeaders([...unknown, ...ignored], mended);
}

type Failed = {
  readonly requestId: string;
  readonly model: string;
  readonly failure: EngineFailure;
};

function warnOf({ log }: Gateway, facts: Failed): void {
  if (isOperatorsConcern(facts.failure)) log.warn(facts, 'an engine failed to count tokens');
}

/** One of the counts that may run at once. */
class Place implements Disposable {
  readonly #load: Gateway['load'];
  readonly isFree: boolean;

  constructor(load: Gateway['load']) {
    this.#load = load;
    this.isFree = load.countsRunning < COUNTS_MAX;
    load.countsRunning++;
  }

  [Symbol.dispose](): void {
    this.#load.countsRunning--;
  }
}
