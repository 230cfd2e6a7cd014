// Plays a script at its pace, for the engine and for the server alike.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import { pieces } from './script.ts';
import type { Fault, Piece, Script } from './script.ts';

/** How a performance ends: `truncated` by the limit of tokens, `fault` by the script, `stopped` by the signal. */
export type Ending = 'complete' | 'truncated' | 'fault' | 'stopped';

/** A token; or `turn`, where what is gathered may be sent; or the end, which comes once and last. */
export type Beat =
  | Piece
  | { readonly kind: 'turn' }
  | { readonly kind: 'end'; readonly how: Ending };

export type Play = {
  readonly script: Script;
  readonly fault: Fault | undefined;
  readonly outputTokensMax: number;
};

/** Without a rate the whole answer is due at once; after so many tokens other work gets its turn. */
const TOKENS_PER_TURN = 16;
const TURN: Beat = { kind: 'turn' };

export async function* perform(play: Play, stopped: AbortSignal): AsyncGenerator<Beat, void> {
  const { script, fault } = play;
  if (script.delayMs > 0) await pause(script.delayMs, stopped);
  const ending = endingAt(0, fault, stopped);
  if (ending) return yield* end(ending);
  const startedAtMs = performance.now();
  let said = 0;
  for (const piece of pieces(script)) {
    if (said >= play.outputTokensMax) return yield* end('truncated');
    while (!stopped.aborted && said >= tokensDue(script, startedAtMs)) {
      yield TURN;
      await pause(1, stopped);
    }
    const broken = endingAt(said, fault, stopped);
    if (broken) return yield* end(broken);
    said += 1;
    yield piece;
    if (script.tokensPerSecond > 0) continue;
    yield TURN;
    if (said % TOKENS_PER_TURN === 0) await nextTurn();
  }
  yield* end(endingAt(Number.POSITIVE_INFINITY, fault, stopped) ?? 'complete');
}

function* end(how: Ending): Generator<Beat, void> {
  yield { kind: 'end', how };
}

function endingAt(
  said: number,
  fault: Fault | undefined,
  stopped: AbortSignal,
): Ending | undefined {
  if (stopped.aborted) return 'stopped';
  return fault && said >= fault.afterTokens ? 'fault' : undefined;
}

/** How many tokens may be out by now. */
function tokensDue(script: Script, startedAtMs: number): number {
  if (script.tokensPerSecond === 0) return Number.POSITIVE_INFINITY;
  return 1 + Math.floor(((performance.now() - startedAtMs) / 1000) * script.tokensPerSecond);
}

async function pause(forMs: number, stopped: AbortSignal): Promise<void> {
  // Rejects only when stopped, which the caller looks at itself.
  await sleep(forMs, undefined, { signal: stopped }).catch(() => undefined);
}
