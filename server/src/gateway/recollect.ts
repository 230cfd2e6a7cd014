// What a request leans on beside its own body: what was kept for its caller here, and what opens that which the caller
// keeps for us.

import type { KeyEntry } from '../domain/accounts/snapshot.ts';
import type { Refusal } from '../domain/refusal.ts';
import { Sealer } from '../domain/sealing/sealer.ts';
import type { Earlier } from '../domain/stored/recollection.ts';
import { ok, type Result } from '../lib/result.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { Gateway } from './gateway.ts';

export type Recollected = { readonly earlier: Earlier | undefined; readonly sealer: Sealer };

export async function recollect(
  gateway: Gateway,
  protocol: Protocol,
  caller: KeyEntry,
  body: unknown,
): Promise<Result<Recollected, Refusal>> {
  const sealer = new Sealer(gateway.sealing.ring(), caller.organisationId);
  const wanted = protocol.recalls?.(body);
  if (wanted === undefined) return ok({ earlier: undefined, sealer });
  const found = await gateway.memory.recall(caller, wanted);
  return found.ok ? ok({ earlier: found.value, sealer }) : found;
}
