// How a conversation may be cut where its client allows that: from the oldest on, turn by turn, and within the last turn
// step by step. What is never left out: instructions, what the user said last, and the last step.

import type { Item } from './generation.ts';

/** The conversation without so much of its oldest: one for each place where it may be cut, the longest first. */
export function cutsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const asked = items.findLastIndex(isOfUser);
  const kept: Item[] = [];
  const unanswered = new Set<string>();
  const cuts: (readonly Item[])[] = [];
  for (const [index, item] of items.slice(0, -1).entries()) {
    if (isInstruction(item) || index === asked) kept.push(item);
    if (item.kind === 'tool-call' || item.kind === 'custom-tool-call') unanswered.add(item.callId);
    if (item.kind === 'tool-result') unanswered.delete(item.callId);
    // A call stays with its result, and reasoning with what came of it.
    const isStep = unanswered.size === 0 && item.kind !== 'reasoning' && item !== kept.at(-1);
    const rest = items.slice(index + 1);
    const next = rest.find((other) => !isInstruction(other));
    if (isStep && (index > asked || isOfUser(next))) cuts.push([...kept, ...rest]);
  }
  return cuts;
}

function isInstruction(item: Item): boolean {
  return item.kind === 'message' && (item.role === 'system' || item.role === 'developer');
}

function isOfUser(item: Item | undefined): boolean {
  return item?.kind === 'message' && item.role === 'user';
}
