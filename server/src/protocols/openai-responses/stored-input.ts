// The request's own items as they are kept and listed: each with an id and a type, text as content parts. The ids that
// a client chose are kept; the others speak of the response that they belong to.

import type { AnswerFacts } from '../protocol.ts';
import { referenceOf } from './recall.ts';
import { hexOf } from './response-object.ts';

type WireItem = { readonly [field: string]: unknown };

/** `input` has been decoded, so every item is one; a reference becomes the item that it stands for. */
export function storedInput(
  input: string | readonly unknown[],
  named: ReadonlyMap<string, unknown>,
  facts: AnswerFacts,
): readonly WireItem[] {
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  return storedItems(items, named, hexOf(facts));
}

/** `hex`: the digits of whatever they came with. */
export function storedItems(
  items: readonly unknown[],
  named: ReadonlyMap<string, unknown>,
  hex: string,
): readonly WireItem[] {
  return items.map((item, index) => {
    const reference = referenceOf(item);
    const meant = reference === undefined ? item : named.get(reference);
    return identified(meant as WireItem, `${hex}${placeOf(index)}`); // decoded: an object
  });
}

/** Output items count from 0. */
const INPUT_PLACES = 0x8000;

function placeOf(index: number): string {
  return (INPUT_PLACES + index).toString(16);
}

const ID_PREFIXES: { readonly [type: string]: string } = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'cto',
  reasoning: 'rs',
  compaction: 'cmp',
  additional_tools: 'at',
};

/** `digits` end an id that the item gets if it has none. */
export function identified(item: WireItem, digits: string): WireItem {
  const type = typeof item['type'] === 'string' ? item['type'] : 'message';
  const id = item['id'] ?? `${ID_PREFIXES[type] ?? 'item'}_${digits}`;
  if (type !== 'message') return { ...item, id, type, status: item['status'] ?? 'completed' };
  const { role, content } = item;
  const text = role === 'assistant' ? outputText(content) : [{ type: 'input_text', text: content }];
  return {
    ...item,
    id,
    type,
    status: item['status'] ?? 'completed',
    role,
    content: typeof content === 'string' ? text : content,
  };
}

function outputText(text: unknown): readonly object[] {
  return [{ type: 'output_text', text, annotations: [], logprobs: [] }];
}
