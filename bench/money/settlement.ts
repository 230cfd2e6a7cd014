// A settlement as a busy gateway makes them: what its record in the log, its row and its transfer look like.

import { NO_USAGE } from '../../server/src/domain/generation/usage.ts';
import type { Hold } from '../../server/src/domain/ledger/hold.ts';
import type { Settlement } from '../../server/src/domain/ledger/settlement.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { costOf } from '../../server/src/domain/pricing/cost.ts';
import { wholePrice } from '../../server/src/domain/pricing/whole-price.ts';

export const PRICE = wholePrice({ input: nano(1_234_567_000n), output: nano(7_654_321_000n) });
const USAGE = { ...NO_USAGE, input: 1_200, output: 180 };

export function settlementOf(hold: Pick<Hold, 'requestId' | 'organisationId'>): Settlement {
  return {
    requestId: hold.requestId,
    organisationId: hold.organisationId,
    projectId: 'proj_0123456789abcdef',
    keyId: 'key_0123456789abcdef',
    model: 'acme-large',
    engine: 'vllm',
    protocol: 'openai-chat',
    usage: USAGE,
    usageSource: 'engine',
    priceVersion: 1,
    tier: 'standard',
    costNano: costOf(USAGE, PRICE),
    outcome: 'completed',
    startedAtMs: Date.now(),
    firstTokenAfterMs: 120,
    durationMs: 900,
  };
}
