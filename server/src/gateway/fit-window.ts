// The context window that the operator declared, where the engine's own is larger: nobody gets more, and the house pays for
// nothing. Most requests fit by their bytes alone. What may not is counted before it is held for; where nobody can count
// it, the engine's own counts decide as soon as they come, and the hold covers all that its bytes can be.

import type { Generation } from '../domain/generation/generation.ts';
import type { FinishReason, Part } from '../domain/generation/part.ts';
import { inputTokens, outputTokens } from '../domain/generation/usage.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { COUNT_TIMEOUT_MS, COUNTS_MAX } from '../limits.ts';
import type { GenerationAdmission } from './admit.ts';
import type { Load } from './gateway.ts';

/** `watched`: whether it fits is seen while it runs. */
type Window = 'fits' | 'watched';

export async function fitWindow(
  load: Load,
  admission: GenerationAdmission,
  signal: AbortSignal,
): Promise<Result<Window, Refusal>> {
  if (admission.surelyFits) return FITS;
  const { contextTokensMax } = admission.model;
  let longest = 0;
  for (const generation of promptsOf(admission.generation)) {
    const tokens = await count(load, admission, generation, signal);
    if (tokens === undefined) {
      admission.holdForBytes();
      return ok('watched');
    }
    if (tokens >= contextTokensMax) return err(tooLong(contextTokensMax, tokens));
    longest = Math.max(longest, tokens);
  }
  admission.leaveRoomFor(longest);
  return FITS;
}

const FITS = ok('fits' as const);

function promptsOf(generation: Generation): readonly Generation[] {
  const { rawPrompts } = generation;
  return rawPrompts?.map((prompt) => ({ ...generation, rawPrompts: [prompt] })) ?? [generation];
}

/** An answer has one token at least. */
function tooLong(contextTokensMax: number, tokens: number): Refusal {
  const counted = Number.isFinite(tokens) && { tokens };
  return { kind: 'context-length-exceeded', ...counted, tokensMax: contextTokensMax - 1 };
}

/** Undefined where nobody can tell. */
async function count(
  load: Load,
  { model }: GenerationAdmission,
  generation: Generation,
  signal: AbortSignal,
): Promise<number | undefined> {
  const [raw] = generation.rawPrompts ?? [];
  // Tokens that were sent as such are counted already.
  if (raw !== undefined && typeof raw !== 'string') return raw.length;
  const { engine, engineModel } = model;
  if (engine.countTokens === undefined || load.countsRunning >= COUNTS_MAX) return undefined;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(COUNT_TIMEOUT_MS)]);
  load.countsRunning++;
  try {
    const counted = await engine.countTokens({ engineModel, generation }, limited);
    if (counted.ok) return counted.value;
    const { error } = counted;
    // Longer than even the engine takes.
    return error.kind === 'context-length' ? (error.tokens ?? Number.POSITIVE_INFINITY) : undefined;
  } finally {
    load.countsRunning--;
  }
}

/**
 * What of an answer may go out: an input that turns out to be too long is a failure while that can still be told as one, and
 * input and output together end where the window does. A stream whose engine counts nothing before its end is out by then;
 * it is paid for in full.
 */
export async function* withinWindow(
  parts: AsyncIterable<readonly Part[]>,
  { model: { contextTokensMax }, choices, generation: { delivery } }: GenerationAdmission,
): AsyncGenerator<readonly Part[], void> {
  let input = 0;
  let reported = 0;
  let pieces = 0;
  let isOut = false;
  let openCall: number | undefined;
  for await (const batch of parts) {
    const out: Part[] = [];
    for (const part of batch) {
      if (part.kind === 'usage') {
        input = Math.max(input, inputTokens(part.usage));
        reported = Math.max(reported, outputTokens(part.usage));
        if (input >= contextTokensMax && (!isOut || delivery === 'whole')) {
          const tokensMax = contextTokensMax - 1;
          yield [
            { kind: 'failure', failure: { kind: 'context-length', tokens: input, tokensMax } },
          ];
          return;
        }
      } else if (part.kind === 'tool-call-start') openCall = part.index;
      else if (part.kind === 'tool-call-end') openCall = undefined;
      else if (part.kind.endsWith('-delta')) pieces++;
      const produced = Math.max(reported, pieces);
      // Each of several answers has a window of its own, and the engine's parts don't say which tokens are whose.
      const isFull = choices === 1 && input > 0 && input + produced > contextTokensMax;
      if (isFull && part.kind.endsWith('-delta')) {
        yield [...out, ...cut(openCall)];
        return;
      }
      out.push(part);
    }
    isOut ||= out.some(({ kind }) => kind !== 'usage' && kind !== 'repaired');
    if (out.length > 0) yield out;
  }
}

const LENGTH: FinishReason = 'length';

function cut(openCall: number | undefined): readonly Part[] {
  const end: Part = { kind: 'finish', reason: LENGTH };
  return openCall === undefined ? [end] : [{ kind: 'tool-call-end', index: openCall }, end];
}
