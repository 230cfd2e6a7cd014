// Part of the engine contract: the order in which the parts of tool calls come. engine.contract.test.ts proves on planted
// mistakes that it can fail.

import type { Part } from '../domain/generation/part.ts';

/** A call starts once, in order, with its deltas and its end after it, and ends before the next one starts. */
export function toolCallViolations(parts: readonly Part[]): string[] {
  const found: string[] = [];
  let started = 0;
  let open: number | undefined;
  let isCustom = false;
  for (const part of parts) {
    if (part.kind === 'tool-call-start') {
      if (open !== undefined) found.push(`tool call ${part.index} starts while ${open} is open`);
      if (part.index !== started)
        found.push(`tool call ${part.index} starts where ${started} is next`);
      if (part.callId === '' || part.name === '') found.push('a tool call has no id or no name');
      started += 1;
      open = part.index;
      isCustom = part.tool === 'custom';
    } else if (isOfCall(part)) {
      if (part.index !== open) found.push(`${part.kind} of ${part.index} outside its call`);
      if (part.kind === 'custom-input-delta' && !isCustom) found.push('a function gets an input');
      if (part.kind === 'tool-call-delta' && isCustom) found.push('a custom tool gets arguments');
      if (part.kind === 'tool-call-end') open = undefined;
    } else if (part.kind === 'finish' && open !== undefined) {
      found.push(`tool call ${open} is open at the finish`);
    }
  }
  return found;
}

type OfCall = Extract<
  Part,
  { readonly kind: 'tool-call-delta' | 'custom-input-delta' | 'tool-call-end' }
>;

function isOfCall(part: Part): part is OfCall {
  const { kind } = part;
  return kind === 'tool-call-delta' || kind === 'custom-input-delta' || kind === 'tool-call-end';
}
