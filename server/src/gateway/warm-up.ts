// A request that wants everything of an answer but the answer: known caller, known model, a body that could be served,
// and an id to go on from. No ticket, nothing generated and nothing charged.

import { NO_USAGE } from '../domain/generation/usage.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { callerOf } from './caller-of.ts';
import type { Call } from './call.ts';
import { toldOfUnknown } from './fit-request.ts';
import type { Gateway } from './gateway.ts';
import { Keeper } from './keeper.ts';
import { modelFor } from './model-for.ts';
import { recollect } from './recollect.ts';
import type { Sink } from './sink.ts';
import { toldHeaders } from './told-headers.ts';

export async function warmUp(
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
  const caller = callerOf(gateway, call);
  if (!caller.ok) return refuse(caller.error);

  const body = await call.readJson();
  if (!body.ok) return refuse(body.error);
  const known = await recollect(gateway, protocol, caller.value, body.value);
  if (!known.ok) return refuse(known.error);
  const { earlier, sealer } = known.value;
  const decoded = protocol.decode(body.value, call.headers, earlier, sealer);
  if (!decoded.ok) return refuse(decoded.error);
  const keeper = Keeper.of(gateway.memory, caller.value, decoded.value);
  if (!keeper.ok) return refuse(keeper.error);

  const { model, unknown = [] } = decoded.value;
  const told = toldOfUnknown(gateway, protocol, unknown);
  if (!told.ok) return refuse(told.error);
  const offered = modelFor(gateway, caller.value, model);
  if (!offered.ok) return refuse(offered.error);
  const atSeconds = Math.floor(gateway.clock.nowMs() / 1000);
  const facts = { requestId, model, createdAtSeconds: atSeconds, delivery: 'stream' } as const;
  const encoder = decoded.value.warmUp?.({ ...facts, stored: keeper.value.stores });
  if (encoder === undefined) return refuse({ kind: 'internal' });
  const ending = { reason: 'stop', usage: NO_USAGE, atSeconds } as const;
  const kept = (await keeper.value.keep(encoder, facts, ending)) ?? ending;
  const named = toldHeaders([...told.value, ...keeper.value.ignored]);
  sink.begin(() => ({ ...protocol.headers(requestId), ...named }), encoder.heartbeat);
  sink.end(encoder.finish(kept));
}
