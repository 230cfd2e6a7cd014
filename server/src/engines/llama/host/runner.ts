// Runs generations: prompt, slot, prefill, one token after the other, end. Each ends with exactly one finish or failure.

import type { Token } from 'node-llama-cpp';

import {
  CustomCallReader,
  customToolNames,
  functionsOnly,
} from '../../../domain/generation/custom-tools.ts';
import type { EngineFailure } from '../../../domain/generation/engine-failure.ts';
import type { Generation } from '../../../domain/generation/generation.ts';
import type { FinishReason, Part } from '../../../domain/generation/part.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Counted } from '../questions.ts';
import { answerShape } from './answer-shape.ts';
import type { AnswerShape } from './answer-shape.ts';
import { Answer } from './answer.ts';
import { PROMPT_PIECE_TOKENS } from './batch-order.ts';
import type { LoadedModel } from './load-model.ts';
import { ABORTED, Production } from './production.ts';
import type { Ending, Work } from './production.ts';
import { makePrompt } from './prompt.ts';
import type { Prompt } from './prompt.ts';
import { isReproducible } from './sampling.ts';
import type { Slot } from './slots.ts';
import { Utf8Hold } from './utf8-hold.ts';

export type Order = Omit<Work, 'generation'> & { readonly generation: Generation };

export async function run(loaded: LoadedModel, order: Order): Promise<void> {
  await runFunctions(loaded, withFunctionsOnly(order));
}

/** Chat templates know functions alone, so a custom tool is told as one and its calls are read back. */
function withFunctionsOnly(order: Order): Work {
  const calls = new CustomCallReader(customToolNames(order.generation));
  return {
    ...order,
    generation: functionsOnly(order.generation),
    emit: (parts) => order.emit(calls.read(parts)),
  };
}

async function runFunctions(loaded: LoadedModel, work: Work): Promise<void> {
  try {
    const tokensMax = Math.min(work.outputTokensMax, loaded.contextTokens);
    const shape = answerShape(work.generation, tokensMax);
    if (!shape.ok) return work.emit([failure(shape.error)]);
    const prompt = await makePrompt(loaded.promptMaker, work.generation, shape.value);
    if (!prompt.ok) return work.emit([failure(prompt.error)]);
    const tooLong = contextFailure(prompt.value, loaded);
    if (tooLong) return work.emit([failure(tooLong)]);
    const { repairs } = shape.value;
    if (repairs.length > 0) work.emit([{ kind: 'repaired', repairs }]);
    work.emit(await runPrompt(loaded, work, prompt.value, shape.value));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    work.emit([failure({ kind: 'broken', detail })]);
  }
}

/** The same prompt that a generation would read, not evaluated. */
export async function countPrompt(loaded: LoadedModel, generation: Generation): Promise<Counted> {
  try {
    const functions = functionsOnly(generation);
    const shape = answerShape(functions, loaded.contextTokens);
    if (!shape.ok) return shape;
    const prompt = await makePrompt(loaded.promptMaker, functions, shape.value);
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
  shape: AnswerShape,
): Promise<readonly Part[]> {
  const { model, slots, spelled, grammars } = loaded;
  const grammarText = shape.whole ?? shape.call;
  const grammar = grammarText === undefined ? undefined : await grammars.read(grammarText);
  const answer = new Answer({
    characters: new Utf8Hold(model, spelled, prompt.tokens),
    thinkingOpened: prompt.thinkingOpened,
    stops: work.generation.sampling.stop,
    toolNames: shape.toolNames,
    opening: prompt.thinkingOpened ? '' : shape.opening,
    grammarAfterThinking: prompt.thinkingOpened && shape.whole !== undefined,
  });
  const slot = slots.take(prompt.tokens);
  try {
    const tail = await prefill(slot, work, prompt.tokens, answer);
    if (tail === undefined) return lastParts(ABORTED, answer);
    const production = new Production(loaded, work, { ...shape, grammar }, answer);
    if (!prompt.thinkingOpened) production.beginGrammar();
    const ending = await production.run(slot, tail);
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

function lastParts(ending: Ending, answer: Answer): readonly Part[] {
  const parts: Part[] = [];
  const stop = ending.kind === 'finish' ? ending.stop : undefined;
  answer.end(stop !== undefined, parts);
  if (ending.kind === 'aborted') parts.push(failure({ kind: 'aborted' }));
  else {
    const reason = reasonOf(ending.reason, answer);
    parts.push({ kind: 'finish', reason, ...(stop !== undefined && { stopSequence: stop }) });
  }
  return parts;
}

function reasonOf(reason: FinishReason, answer: Answer): FinishReason {
  return reason === 'stop' && answer.hasCalls ? 'tool-calls' : reason;
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
