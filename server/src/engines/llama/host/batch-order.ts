// What llama.cpp decodes together. A seed must give the same text alone and in company, and llama.cpp's numbers depend on
// what shares a batch: so each piece of a prompt is decoded alone, in fixed pieces, and so is each token of a generation
// with a seed once its context is long; all other generations share a batch, one token each.

import type {
  BatchItem,
  CustomBatchingPrioritizationStrategy,
  EvaluationPriority,
} from 'node-llama-cpp';

/** Pieces of this size cost 4 % more time than whole prompts; half the size costs 70 % more. */
export const PROMPT_PIECE_TOKENS = 64;

/**
 * Up to here a token's numbers are the same in any company. Beyond it, llama.cpp computes attention over 512 cells or
 * more, and does that in another way for a sequence on its own: 7 of 80 texts differed, all longer than this; decoded alone, 0 of 160.
 */
const EXACT_TOGETHER_TOKENS_MAX = 256;

const TOGETHER: EvaluationPriority = 5;
const ALONE: EvaluationPriority = 4;

/** The only mark that the library carries from a generation to the choice of its batch. */
export function companyOf(seeded: boolean, contextTokensMax: number): EvaluationPriority {
  return seeded && contextTokensMax > EXACT_TOGETHER_TOKENS_MAX ? ALONE : TOGETHER;
}

/** Prompts take turns with the running generations, and those with each other, so that none starves. */
export function takingTurns(): CustomBatchingPrioritizationStrategy {
  let promptWasLast = false;
  return ({ items, size }) => {
    const prompt = items.find((item) => !isSingleToken(item));
    const next = items.find(isSingleToken);
    promptWasLast = prompt !== undefined && (!promptWasLast || next === undefined);
    if (prompt !== undefined && promptWasLast) {
      return [{ item: prompt, processAmount: Math.min(PROMPT_PIECE_TOKENS, prompt.tokens.length) }];
    }
    if (next?.evaluationPriority === ALONE) return [{ item: next, processAmount: 1 }];
    const together = items.filter((i) => isSingleToken(i) && i.evaluationPriority === TOGETHER);
    return together.slice(0, size).map((item) => ({ item, processAmount: 1 }));
  };
}

function isSingleToken(item: BatchItem): boolean {
  return item.tokens.length === 1 && item.logits[0] === true;
}
