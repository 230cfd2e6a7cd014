// Runs generations: prompt, slot, prefill, one token after the other, end. Each ends with exactly one finish or failure.

import type { Token } from 'node-llama-cpp';

import type { EngineFailure } from '../../../domain/generation/engine-failure.ts';
import type { Generation } from '../../../domain/generation/generation.ts';
import type { FinishReason, Part } from '../../../domain/generation/part.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Counted } from '../counts.ts';
import { Answer } from './answer.ts';
import { companyOf, PROMPT_PIECE_TOKENS } from './batch-order.ts';
import type { LoadedModel } from './load-model.ts';
import { makePrompt } from './prompt.ts';
import type { Prompt } from './prompt.ts';
import { isReproducible, samplerOptions } from './sampling.ts';
import type { Slot } from './slots.ts';
import { Utf8Hold } from './utf8-hold.ts';

export type Work = {
  readonly id: number;
  readonly generation: Generation;
  readonly outputTokensMax: number;
  readonly signal: AbortSignal;
  readonly emit: (parts: readonly Part[]) => void;
};

type Ending =
  | {
      readonly kind: 'finish';
      readonly reason: FinishReason;
      /** The stop string that was found. */
      readonly stop?: string | undefined;
    }
  | { readonly kind: 'aborted' };

const ABORTED: Ending = { kind: 'aborted' };

export async function run(loaded: LoadedModel, work: Work): Promise<void> {
  try {
    const prompt = await makePrompt(loaded.promptMaker, work.generation);
    if (!prompt.ok) return work.emit([failure(prompt.error)]);
    const tooLong = contextFailure(prompt.value, loaded);
    if (tooLong) return work.emit([failure(tooLong)]);
    work.emit(await runPrompt(loaded, work, prompt.value));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    work.emit([failure({ kind: 'broken', detail })]);
  }
}

/** The same prompt that a generation would read, not evaluated. */
export async function countPrompt(loaded: LoadedModel, generation: Generation): Promise<Counted> {
  try {
    const prompt = await makePrompt(loaded.promptMaker, generation);
    return prompt.ok ? ok(prompt.value.tokens.length) : prompt;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return err({ kind: 'broken', detail });
  }
}

/** Answers with the last parts, to be sent when the slot is free again. */
async function runPrompt(
  loaded: LoadedModel,
  work: Work,
  prompt: Prompt,
): Promise<readonly Part[]> {
  const { model, slots, spelled } = loaded;
  const answer = new Answer({
    characters: new Utf8Hold(model, spelled, prompt.tokens),
    thinkingOpened: prompt.thinkingOpened,
    stops: work.generation.sampling.stop,
  });
  const slot = slots.take(prompt.tokens);
  try {
    const tail = await prefill(slot, work, prompt.tokens, answer);
    const ending = tail === undefined ? ABORTED : await produce(loaded, slot, work, tail, answer);
    return lastParts(ending, answer);
  } catch (error) {
    // A slot that can't even be emptied is broken beyond repair: this process ends and is started again.
    await slot.forget().catch((cause: unknown) =>
      setImmediate(() => {
        throw cause;
      }),
    );
    throw error;
  } finally {
    slots.giveBack(slot);
  }
}

/** Evaluates all but the last piece of the prompt, which it returns; undefined when it was aborted. */
async function prefill(
  slot: Slot,
  { generation, signal }: Work,
  tokens: readonly Token[],
  answer: Answer,
): Promise<Token[] | undefined> {
  const kept = await slot.keepShared(tokens, isReproducible(generation.sampling));
  for (let at = kept; ; at += PROMPT_PIECE_TOKENS) {
    answer.countInput(at - kept, kept);
    if (signal.aborted) return undefined;
    const piece = tokens.slice(at, at + PROMPT_PIECE_TOKENS);
    if (at + piece.length >= tokens.length) {
      answer.countInput(tokens.length - kept, kept);
      return piece;
    }
    await slot.evaluate(piece, at);
  }
}

async function produce(
  { model, contextTokens }: LoadedModel,
  slot: Slot,
  work: Work,
  tail: Token[],
  answer: Answer,
): Promise<Ending> {
  const room = contextTokens - slot.sequence.nextTokenIndex - tail.length;
  const tokensMax = Math.min(work.outputTokensMax, room);
  const produced: Token[] = [];
  const { sampling } = work.generation;
  const contextTokensMax = contextTokens - room + tokensMax;
  const options = {
    ...samplerOptions(sampling, produced),
    evaluationPriority: companyOf(sampling.seed !== undefined, contextTokensMax),
  };
  for await (const token of slot.sequence.evaluate(tail, options)) {
    if (work.signal.aborted) return ABORTED;
    if (model.isEogToken(token)) return { kind: 'finish', reason: 'stop' };
    produced.push(token);
    const parts: Part[] = [];
    const stop = answer.push(token, parts);
    work.emit(parts);
    if (stop !== undefined) return { kind: 'finish', reason: 'stop', stop };
    if (produced.length >= tokensMax) break;
  }
  return { kind: 'finish', reason: 'length' };
}

function lastParts(ending: Ending, answer: Answer): readonly Part[] {
  const parts: Part[] = [];
  const stop = ending.kind === 'finish' ? ending.stop : undefined;
  answer.end(stop !== undefined, parts);
  if (ending.kind === 'aborted') parts.push(failure({ kind: 'aborted' }));
  else {
    const { reason } = ending;
    parts.push({ kind: 'finish', reason, ...(stop !== undefined && { stopSequence: stop }) });
  }
  return parts;
}

/** One token of the context at least must be left for the answer, and llama.cpp keeps one for itself. */
function contextFailure({ tokens }: Prompt, loaded: LoadedModel): EngineFailure | undefined {
  const tokensMax = loaded.contextTokens - 1;
  if (tokens.length <= tokensMax) return undefined;
  return { kind: 'context-length', tokens: tokens.length, tokensMax };
}

function failure(reason: EngineFailure): Part {
  return { kind: 'failure', failure: reason };
}
