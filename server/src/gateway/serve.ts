// START HERE: one request from bytes to settled money, top to bottom.

import { Ticket } from '../domain/admission/ticket.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Part } from '../domain/generation/part.ts';
import type { Refusal } from '../domain/refusal.ts';
import { RETRY_AFTER_LEDGER_MS, RETRY_AFTER_SHUTDOWN_MS } from '../limits.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { admit } from './admit.ts';
import { Answer } from './answer.ts';
import { authenticate } from './authenticate.ts';
import type { Call } from './call.ts';
import { engineRefusal, isOperatorsConcern } from './engine-refusal.ts';
import type { Gateway } from './gateway.ts';
import { MeteredRun } from './metered-run.ts';
import { receiptHeaders } from './receipt.ts';
import type { Sink } from './sink.ts';
import { SERVER_STOPPING } from './stopping.ts';
import { takeHold } from './take-hold.ts';

/** Lives exactly as long as the request: when it resolves, the answer is out and the money is settled. */
export async function serve(
  gateway: Gateway,
  protocol: Protocol,
  call: Call,
  sink: Sink,
): Promise<void> {
  const { requestId } = call;
  const startedAtMs = gateway.clock.nowMs();
  const refuse = (refusal: Refusal): void => {
    const { status, headers, body } = protocol.refusal(refusal, requestId);
    sink.answer(status, headers, body);
  };

  if (gateway.load.stopping) {
    return refuse({ kind: 'shutting-down', retryAfterMs: RETRY_AFTER_SHUTDOWN_MS });
  }
  const caller = authenticate(gateway.snapshot(), call.authorization);
  if (!caller.ok) return refuse(caller.error);

  const body = await call.readJson();
  if (!body.ok) return refuse(body.error);
  const decoded = protocol.decode(body.value, call.headers);
  if (!decoded.ok) return refuse(decoded.error);
  const { model, generation, ignored = [] } = decoded.value;
  const { delivery } = generation;

  const admitted = admit(gateway, model, generation);
  if (!admitted.ok) return refuse(admitted.error);
  using admission = admitted.value;

  const { organisationId, projectId, keyId } = caller.value;
  const payer = { requestId, organisationId };
  const granted = await takeHold(gateway.ledger, admission, generation, payer);
  if (!granted.ok) return refuse(granted.error);
  const facts = { ...payer, projectId, keyId, protocol: protocol.name, startedAtMs };
  await using run = new MeteredRun(gateway, admission, granted.value, facts);

  const createdAtSeconds = Math.floor(startedAtMs / 1000);
  const encoder = decoded.value.encoder({ requestId, model, createdAtSeconds, delivery });
  const answer = new Answer(protocol, encoder, sink, { requestId, delivery, ignored });
  const ticket = Ticket.issue(granted.value.hold, {
    requestId,
    engineModel: admission.model.engineModel,
    generation,
    outputTokensMax: granted.value.engineTokensMax,
  });

  const parts = admission.model.engine.generate(ticket, sink.signal);
  if ((await forward(parts, run, answer)) === 'grant ended') {
    await run.settle(run.grantRefused.kind === 'insufficient-credit' ? 'credit-ended' : 'failed');
    return answer.refuse(run.grantRefused);
  }
  if (run.ending.kind === 'failure') {
    return await concludeFailure(gateway, run, run.ending.failure, { answer, sink, model });
  }
  const settled = await run.settle('completed');
  if (settled.kind === 'unavailable') {
    return answer.abandon({ kind: 'ledger-unavailable', retryAfterMs: RETRY_AFTER_LEDGER_MS });
  }
  const { reason, stopSequence } = run.ending;
  const atSeconds = Math.floor(gateway.clock.nowMs() / 1000);
  const ended = {
    reason,
    usage: run.usage,
    atSeconds,
    ...(stopSequence !== undefined && { stopSequence }),
  };
  answer.finish(ended, receiptHeaders(settled, admission.priceVersion));
}

/** Leaving the loop early ends the engine's work too. */
async function forward(
  parts: AsyncIterable<readonly Part[]>,
  run: MeteredRun,
  answer: Answer,
): Promise<'engine ended' | 'grant ended'> {
  for await (const batch of parts) {
    run.observe(batch);
    const slowClient = answer.send(batch);
    if (slowClient !== undefined) await slowClient;
    if (run.grantRunsLow && !(await run.mayContinue())) return 'grant ended';
  }
  return 'engine ended';
}

type Client = { readonly answer: Answer; readonly sink: Sink; readonly model: string };

async function concludeFailure(
  gateway: Gateway,
  run: MeteredRun,
  failure: EngineFailure,
  { answer, sink, model }: Client,
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
  answer.refuse(engineRefusal(failure, model));
}
