// START HERE: one request from bytes to settled money, top to bottom; generate.ts is its second half.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Refusal } from '../domain/refusal.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { callerOf } from './caller-of.ts';
import { beginInBackground } from './background.ts';
import type { Call } from './call.ts';
import type { Gateway } from './gateway.ts';
import { generate } from './generate.ts';
import { Keeper } from './keeper.ts';
import { recollect } from './recollect.ts';
import type { Sink } from './sink.ts';

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

  const caller = callerOf(gateway, call);
  if (!caller.ok) return refuse(caller.error);

  const body = await call.readJson();
  if (!body.ok) return refuse(body.error);
  const isLarge = call.isLarge?.() === true;
  const known = await recollect(gateway, protocol, caller.value, body.value);
  if (!known.ok) return refuse(known.error);
  const { earlier, sealer } = known.value;
  if (isLarge) await nextTurn();
  const decoded = protocol.decode(body.value, call.headers, earlier, sealer);
  if (!decoded.ok) return refuse(decoded.error);
  if (isLarge) await nextTurn();
  const keeper = Keeper.of(gateway.memory, caller.value, decoded.value, isLarge);
  if (!keeper.ok) return refuse(keeper.error);

  const accepted = {
    requestId,
    startedAtMs,
    protocol,
    caller: caller.value,
    decoded: decoded.value,
    keeper: keeper.value,
    isLarge,
  };
  const inBackground = decoded.value.keeping?.background === true;
  await (inBackground
    ? beginInBackground(gateway, accepted, sink)
    : generate(gateway, accepted, sink));
}
