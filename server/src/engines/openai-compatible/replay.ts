// For tests: lets the engine hear the very bytes that some server sends, over a real socket.

import assert from 'node:assert/strict';

import type { Generation } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import type { Usage } from '../../domain/generation/usage.ts';
import { readAll, testTicket, violations, within } from '../../ports/engine.contract.ts';
import { OpenAiCompatibleEngine } from './openai-compatible-engine.ts';
import { event, startRawUpstream } from './raw-upstream.ts';

export const OUTPUT_TOKENS_MAX = 100;
export const DONE = 'data: [DONE]\n\n';
export const TEN_AND_TWO = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };

export function usageEvent(usage: unknown): string {
  return event({ choices: [], usage });
}

/** The parts that an upstream's bytes become; `pieces` are written one after the other. */
export async function hear(
  pieces: readonly (string | Buffer)[],
  delivery: Generation['delivery'] = 'stream',
  more: Partial<Generation> = {},
): Promise<readonly Part[]> {
  await using upstream = await startRawUpstream(async (socket) => {
    for (const piece of pieces) {
      await new Promise<void>((sent) => socket.write(piece, () => sent()));
      if (pieces.length > 1) await new Promise(setImmediate);
    }
    if (pieces[0]?.includes('connection: close')) socket.end();
  });
  await using engine = new OpenAiCompatibleEngine({ name: 'upstream', baseUrl: upstream.baseUrl });
  const ticket = testTicket({
    prompt: 'Hi',
    delivery,
    outputTokensMax: OUTPUT_TOKENS_MAX,
    engineModel: 'm',
    generation: more,
  });
  const run = await within(5000, 'the answer', readAll(engine, ticket));
  assert.deepEqual(violations(run.yields, OUTPUT_TOKENS_MAX), []);
  assert.equal(engine.live, 0);
  return run.parts;
}

export function usageOf(parts: readonly Part[]): [Usage, string] | undefined {
  const last = parts.findLast((part) => part.kind === 'usage');
  return last && [last.usage, last.source];
}
