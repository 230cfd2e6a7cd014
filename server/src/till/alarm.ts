// What does not agree between us and a provider: no credit, and somebody hears of it.

import type { TopUp } from '../domain/payments/top-up.ts';
import type { TillDeps } from './till-deps.ts';

export async function alarm(till: TillDeps, topUp: TopUp, what: string): Promise<void> {
  const { id, organisationId, provider } = topUp;
  const detail = `The top-up ${id} is not as ${provider} has it: ${what}. Compare the two; nothing was credited for this.`;
  till.log.error({ topUp: id, what }, detail);
  const event = { kind: 'suspect', organisationId, topUpId: id, detail } as const;
  await till.book.events.note(event, `${id} ${what}`, till.nowMs());
}
