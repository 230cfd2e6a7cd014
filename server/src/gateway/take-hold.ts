// How much credit is set aside before a request may reach an engine: the dearest its input can be, and a first
// grant of output. A stream's grant grows while it runs; an answer in one piece needs all of it at once.

import { inputCostMax, outputCostMax, outputTokensFor } from '../domain/pricing/cost.ts';
import type { Hold } from '../domain/ledger/hold.ts';
import { nano } from '../domain/money/nano.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import {
  GRANT_OUTPUT_TOKENS,
  GRANT_OUTPUT_TOKENS_LEAST,
  RETRY_AFTER_LEDGER_MS,
} from '../limits.ts';
import type { BudgetPayer } from '../domain/ledger/budget.ts';
import { creditRefusal } from './credit-refusal.ts';
import type { Gateway } from './gateway.ts';
import type { Admission } from './admit.ts';

export type Granted = {
  readonly hold: Hold;
  /** How many answers it pays for. */
  readonly choices: number;
  /** Output tokens that the hold is sure to cover, of all answers together. */
  readonly outputTokens: number;
  /** What the engine may produce for all answers: a stream's grant is extended up to it, a whole answer's is all there will be. */
  readonly engineTokensMax: number;
};

export async function takeHold(
  gateway: Pick<Gateway, 'ledger' | 'snapshot' | 'clock'>,
  admission: Admission,
  payer: BudgetPayer & { readonly requestId: string; readonly startedAtMs: number },
): Promise<Result<Granted, Refusal>> {
  const { price, inputTokensMax, choices, grows } = admission;
  const outputTokensMax = admission.outputTokensMax * choices;
  const input = inputCostMax(inputTokensMax, price);
  const first = grows ? Math.min(outputTokensMax, GRANT_OUTPUT_TOKENS) : outputTokensMax;
  const least = Math.min(outputTokensMax, GRANT_OUTPUT_TOKENS_LEAST * choices);
  const leastNano = nano(input + outputCostMax(least, price));
  const snapshot = gateway.snapshot();
  const budgets = snapshot.budgets?.path(payer, payer.startedAtMs);
  const outcome = await gateway.ledger.hold({
    requestId: payer.requestId,
    organisationId: payer.organisationId,
    ...(budgets !== undefined && { budgets }),
    wantNano: nano(input + outputCostMax(first, price)),
    leastNano,
  });
  switch (outcome.kind) {
    case 'held': {
      const { hold } = outcome;
      const outputTokens = outputTokensFor(hold.amountNano - input, price, first);
      return ok({
        hold,
        choices,
        outputTokens,
        engineTokensMax: grows ? outputTokensMax : outputTokens,
      });
    }
    case 'refused': {
      return err(creditRefusal(snapshot, outcome, leastNano, gateway.clock.nowMs()));
    }
    case 'unavailable':
      return err({ kind: 'ledger-unavailable', retryAfterMs: RETRY_AFTER_LEDGER_MS });
  }
}
