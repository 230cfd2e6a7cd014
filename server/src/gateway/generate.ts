// The second half of serve.ts: from a request that is understood to settled money.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FreezeScope } from '../domain/accounts/freeze.ts';
import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import { Ticket } from '../domain/admission/ticket.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Part } from '../domain/generation/part.ts';
import type { Usage } from '../domain/generation/usage.ts';
import type { ServiceTier } from '../domain/pricing/service-tier.ts';
import type { Refusal } from '../domain/refusal.ts';
import { jsonText } from '../lib/json-slices.ts';
import { RETRY_AFTER_LEDGER_MS, RETRY_AFTER_SHUTDOWN_MS } from '../limits.ts';
import type { AnswerFacts, Decoded, Encoder, Ending, Protocol } from '../protocols/protocol.ts';
import { admit, largeInputTokensBound, type GenerationAdmission } from './admit.ts';
import { Answer } from './answer.ts';
import { answers } from './answers.ts';
import { engineRefusal, isOperatorsConcern } from './engine-refusal.ts';
import { fitRequest } from './fit-request.ts';
import { fitWindow, withinWindow } from './fit-window.ts';
import type { Gateway } from './gateway.ts';
import type { AnswerKeeper } from './keeper.ts';
import { MeteredRun, type RunFacts } from './metered-run.ts';
import { receiptHeaders } from './receipt.ts';
import { shorten } from './shorten.ts';
import type { Sink } from './sink.ts';
import { SERVER_STOPPING } from './stopping.ts';
import { takeHold } from './take-hold.ts';
import type { Ending as EngineEnding } from './tally.ts';

/** A request that is understood: who asks, for what, and what becomes of its answer. */
export type Accepted = {
  readonly requestId: string;
  readonly startedAtMs: number;
  readonly protocol: Protocol;
  readonly caller: KeyEntry;
  readonly decoded: Decoded;
  readonly keeper: AnswerKeeper;
  /** So large that each step must leave others their turn. */
  readonly isLarge: boolean;
};

export async function generate(gateway: Gateway, accepted: Accepted, sink: Sink): Promise<void> {
  const { requestId, protocol, caller, decoded, keeper, isLarge } = accepted;
  const refuse = (refusal: Refusal): void => {
    const { status, headers, body } = protocol.refusal(refusal, requestId);
    sink.answer(status, headers, body);
  };

  const { model } = decoded;
  const fit = fitRequest(gateway, protocol, decoded);
  if (!fit.ok) return refuse(fit.error);
  if (isLarge) await nextTurn();
  const fitted = await shorten(gateway, accepted, fit.value, sink.signal);
  const { wire } = fitted;
  const bound = isLarge ? await largeInputTokensBound(fitted.generation) : undefined;

  const { tier } = decoded;
  const admitted = admit(gateway, model, fitted.generation, { caller, tier, wire, bound });
  if (!admitted.ok) return refuse(admitted.error);
  using admission = admitted.value;
  const { generation } = admission;
  const window = await fitWindow(gateway.load, admission, sink.signal);
  if (!window.ok) return refuse(window.error);
  const { delivery } = generation;

  const facts = runFacts(accepted);
  const granted = await takeHold(gateway, admission, facts);
  if (!granted.ok) return refuse(granted.error);
  await using run = new MeteredRun(gateway, admission, granted.value, facts);

  const ignored = [...keeper.ignored, ...admission.ignored, ...otherTier(decoded, admission.tier)];
  const answerFacts = await answerFactsOf(accepted, admission);
  const encoder = decoded.encoder(answerFacts);
  const answer = new Answer(protocol, encoder, sink, {
    requestId,
    delivery,
    priceVersion: admission.priceVersion,
    ignored: [...fitted.unknown, ...ignored],
    fitted,
  });
  const ticket = Ticket.issue(granted.value.hold, {
    requestId,
    engineModel: admission.model.engineModel,
    generation,
    isLarge,
    outputTokensMax: Math.floor(granted.value.engineTokensMax / admission.choices),
  });

  const said = answers(admission.model.engine, ticket, admission.choices, sink.signal);
  const parts = window.value === 'fits' ? said : withinWindow(said, admission);
  const stopped = () => gateway.snapshot().freezes?.ending(caller);
  const ended = await forward(parts, run, answer, stopped);
  logRepairs(gateway, { requestId, model, repairs: answer.repairs });
  if (ended !== 'engine ended') return answer.refuse(await settleStopped(run, ended));
  const last = fitEnding(run.ending, encoder);
  if (last.kind === 'failure') {
    return await concludeFailure(gateway, run, last.failure, { answer, sink, model, wire });
  }
  const settled = await run.settle('completed');
  if (settled.kind === 'unavailable') {
    return answer.abandon({ kind: 'ledger-unavailable', retryAfterMs: RETRY_AFTER_LEDGER_MS });
  }
  const ending = endingOf(last, run.usage, gateway.clock.nowMs());
  const told = (await keeper.keep(encoder, answerFacts, ending)) ?? ending;
  answer.finish(told, receiptHeaders(settled, admission.priceVersion));
  // What the run still does at its end has its own turn.
  if (isLarge) await nextTurn();
}

function runFacts({ requestId, startedAtMs, protocol, caller, decoded }: Accepted): RunFacts {
  const { organisationId, projectId, keyId } = caller;
  const { endUser } = decoded;
  const whose = { organisationId, projectId, keyId, ...(endUser !== undefined && { endUser }) };
  return { requestId, ...whose, protocol: protocol.name, startedAtMs };
}

/** A wish that did not come true. */
function otherTier({ tier: asked }: Decoded, used: ServiceTier): readonly string[] {
  return asked === undefined || asked === used ? [] : ['service_tier'];
}

async function answerFactsOf(
  { requestId, startedAtMs, decoded, keeper, isLarge }: Accepted,
  { tier, model: { reasoning }, generation: { delivery } }: GenerationAdmission,
): Promise<AnswerFacts> {
  const { model, echo } = decoded;
  const createdAtSeconds = Math.floor(startedAtMs / 1000);
  const echoJson = isLarge && echo ? await jsonText(echo()) : undefined;
  const about = { requestId, model, tier, createdAtSeconds, delivery, reasoning };
  return { ...about, stored: keeper.stores, ...(echoJson !== undefined && { echoJson }) };
}

/** What its encoder can't give to anybody has failed. */
function fitEnding(ending: EngineEnding, encoder: Encoder): EngineEnding {
  const problem = ending.kind === 'finish' ? encoder.unfit?.(ending.reason) : undefined;
  if (problem === undefined) return ending;
  return { kind: 'failure', failure: { kind: 'invalid-output', problem } };
}

function endingOf(
  { reason, stopSequence }: Pick<Ending, 'reason' | 'stopSequence'>,
  usage: Usage,
  nowMs: number,
): Ending {
  const told = stopSequence === undefined ? {} : { stopSequence };
  return { reason, usage, atSeconds: Math.floor(nowMs / 1000), ...told };
}

/** Why the answer is not complete. */
async function settleStopped(
  run: MeteredRun,
  ended: Exclude<Forwarded, 'engine ended'>,
): Promise<Refusal> {
  if (ended !== 'grant ended') {
    await run.settle('failed'); // Our doing, so it costs nothing.
    return { kind: 'frozen', scope: ended.frozen };
  }
  const isOver = run.grantRefused.kind !== 'ledger-unavailable'; // the credit, or a hard limit
  await run.settle(isOver ? 'credit-ended' : 'failed');
  return run.grantRefused;
}

type Forwarded = 'engine ended' | 'grant ended' | { readonly frozen: FreezeScope };

/** Leaving the loop early ends the engine's work too. */
async function forward(
  parts: AsyncIterable<readonly Part[]>,
  run: MeteredRun,
  answer: Answer,
  stopped: () => FreezeScope | undefined,
): Promise<Forwarded> {
  for await (const batch of parts) {
    run.observe(batch);
    const slowClient = answer.send(batch);
    if (slowClient !== undefined) await slowClient;
    if (run.grantRunsLow && !(await run.mayContinue())) return 'grant ended';
    const frozen = stopped();
    if (frozen !== undefined && !run.hasEnded) return { frozen };
  }
  return 'engine ended';
}

function logRepairs(
  gateway: Gateway,
  facts: {
    readonly requestId: string;
    readonly model: string;
    readonly repairs: readonly string[];
  },
): void {
  if (facts.repairs.length > 0) gateway.log.info(facts, 'a request was repaired to be served');
}

type Client = {
  readonly answer: Answer;
  readonly sink: Sink;
  readonly model: string;
  readonly wire: (field: string) => string;
};

async function concludeFailure(
  gateway: Gateway,
  run: MeteredRun,
  failure: EngineFailure,
  { answer, sink, model, wire }: Client,
): Promise<void> {
  if (sink.signal.aborted && sink.signal.reason !== SERVER_STOPPING) {
    await run.settle('client-left');
    return sink.destroy();
  }
  await run.settle('failed');
  if (sink.signal.aborted) {
    return answer.refuse({ kind: 'shutting-down', retryAfterMs: RETRY_AFTER_SHUTDOWN_MS });
  }
  if (isOperatorsConcern(failure)) {
    gateway.log.warn({ requestId: run.requestId, model, failure }, 'an engine failed');
  }
  answer.refuse(engineRefusal(failure, model, wire));
}
