// One request for embeddings, from bytes to settled money. Reads top to bottom, like serve.ts.

import { EmbeddingTicket } from '../domain/admission/embedding-ticket.ts';
import type { Embedding } from '../domain/embedding/embedding.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import { NO_USAGE } from '../domain/generation/usage.ts';
import type { Refusal } from '../domain/refusal.ts';
import { RETRY_AFTER_LEDGER_MS, RETRY_AFTER_SHUTDOWN_MS } from '../limits.ts';
import type { EmbeddingProtocol } from '../protocols/embedding-protocol.ts';
import { admitEmbedding } from './admit.ts';
import { callerOf } from './caller-of.ts';
import type { Call } from './call.ts';
import { embedWithin } from './embed-within.ts';
import { engineRefusal, isOperatorsConcern } from './engine-refusal.ts';
import { toldOfUnknown } from './fit-request.ts';
import type { Gateway } from './gateway.ts';
import { MeteredRun } from './metered-run.ts';
import { receiptHeaders } from './receipt.ts';
import type { Sink } from './sink.ts';
import { SERVER_STOPPING } from './stopping.ts';
import { takeHold } from './take-hold.ts';
import { toldHeaders } from './told-headers.ts';

export async function embed(
  gateway: Gateway,
  protocol: EmbeddingProtocol,
  call: Call,
  sink: Sink,
): Promise<void> {
  const { requestId } = call;
  const startedAtMs = gateway.clock.nowMs();
  const refuse = (refusal: Refusal): void => {
    const { status, headers, body } = protocol.refusal(refusal, requestId);
    sink.answer(status, headers, body);
  };

  const caller = callerOf(gateway, call);
  if (!caller.ok) return refuse(caller.error);

  const body = await call.readJson();
  if (!body.ok) return refuse(body.error);
  const decoded = protocol.decode(body.value);
  if (!decoded.ok) return refuse(decoded.error);
  const { model, embedding } = decoded.value;
  const told = toldOfUnknown(gateway, protocol, decoded.value.unknown);
  if (!told.ok) return refuse(told.error);

  const admitted = admitEmbedding(gateway, caller.value, model, embedding);
  if (!admitted.ok) return refuse(admitted.error);
  using admission = admitted.value;
  const { engine, engineModel } = admission.model;
  if (engine.embed === undefined) return refuse(noEmbeddings(model));

  const { organisationId, projectId, keyId } = caller.value;
  const { endUser } = decoded.value;
  const facts = {
    requestId,
    organisationId,
    projectId,
    keyId,
    protocol: protocol.name,
    startedAtMs,
    ...(endUser !== undefined && { endUser }),
  };
  const granted = await takeHold(gateway, admission, facts);
  if (!granted.ok) return refuse(granted.error);
  await using run = new MeteredRun(gateway, admission, granted.value, facts);

  const make = (some: Embedding) => {
    const asked = { requestId, engineModel, embedding: some };
    return engine.embed?.(EmbeddingTicket.issue(granted.value.hold, asked), sink.signal);
  };
  const embedded = await embedWithin(admission.model, embedding, make);
  if (!embedded.ok) {
    return await concludeFailure(gateway, run, embedded.error, { sink, model, refuse });
  }
  const usage = { ...NO_USAGE, input: embedded.value.inputTokens };
  run.observe([
    { kind: 'usage', usage, source: 'engine' },
    { kind: 'finish', reason: 'stop' },
  ]);
  const settled = await run.settle('completed');
  if (settled.kind === 'unavailable') {
    return refuse({ kind: 'ledger-unavailable', retryAfterMs: RETRY_AFTER_LEDGER_MS });
  }
  const headers = {
    'content-type': 'application/json',
    ...protocol.headers(requestId),
    ...toldHeaders(told.value),
    ...receiptHeaders(settled, admission.priceVersion),
  };
  sink.answer(200, headers, decoded.value.answer(embedded.value, model));
}

function noEmbeddings(model: string): Refusal {
  return { kind: 'unsupported-feature', feature: 'embeddings', field: 'model', model };
}

type Client = {
  readonly sink: Sink;
  readonly model: string;
  readonly refuse: (refusal: Refusal) => void;
};

async function concludeFailure(
  gateway: Gateway,
  run: MeteredRun,
  failure: EngineFailure,
  { sink, model, refuse }: Client,
): Promise<void> {
  const left = sink.signal.aborted && sink.signal.reason !== SERVER_STOPPING;
  await run.settle(left ? 'client-left' : 'failed');
  if (left) return sink.destroy();
  if (sink.signal.aborted) {
    return refuse({ kind: 'shutting-down', retryAfterMs: RETRY_AFTER_SHUTDOWN_MS });
  }
  if (isOperatorsConcern(failure)) {
    const said = { requestId: run.requestId, model, failure };
    gateway.log.warn(said, 'an engine failed to make embeddings');
  }
  refuse(engineRefusal(failure, model, (field) => field));
}
