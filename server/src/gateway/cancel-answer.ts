// Cancels an answer in the background, wherever it is made, and waits a little for its end.

import { hasEnded, type Owner, type StoredAnswer } from '../domain/stored/answer.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { CANCEL_POLL_MS, CANCEL_WAIT_MS } from '../limits.ts';
import type { Gateway } from './gateway.ts';
import { STORAGE_UNAVAILABLE } from './memory.ts';

const NOT_IN_BACKGROUND: Refusal = {
  kind: 'invalid-request',
  message: 'Only a response that was created with background: true can be cancelled.',
};

/** What it has become; still running where another process is slow to end it. */
export async function cancelAnswer(
  gateway: Gateway,
  owner: Owner,
  id: string,
): Promise<Result<StoredAnswer, Refusal>> {
  const { runs, answers } = gateway.responses;
  const asked = await runs.cancel(owner, id);
  if (!asked.ok) return err(STORAGE_UNAVAILABLE);
  if (asked.value === undefined) return err({ kind: 'not-found', what: 'response', id });
  if (!asked.value.background) return err(NOT_IN_BACKGROUND);
  if (hasEnded(asked.value.status)) return ok(asked.value);
  await gateway.background.cancel(id);
  const giveUpMs = gateway.clock.monotonicMs() + CANCEL_WAIT_MS;
  for (;;) {
    const now = await answers.find(owner, 'response', id);
    if (!now.ok) return err(STORAGE_UNAVAILABLE);
    if (now.value === undefined) return err({ kind: 'not-found', what: 'response', id });
    if (hasEnded(now.value.status) || gateway.clock.monotonicMs() > giveUpMs) return ok(now.value);
    await new Promise((resolve) => setTimeout(resolve, CANCEL_POLL_MS / 4));
  }
}
