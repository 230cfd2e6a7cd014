// What an answer must be that its engine can't keep by itself: JSON, JSON of a schema, strict arguments. The model is
// told in words, the answer is checked, and where it is wrong the model is told what is and asked once more. Pure: the
// checking itself is in engines/checked.

import type { Capabilities } from './capabilities.ts';
import { textContent } from './content.ts';
import type { CustomToolCall, Generation, Item, JsonSchema, ToolCall } from './generation.ts';

export type Checks = {
  /** The answer is JSON; `schema` where it has one. Where the schema is no promise, JSON alone is one. */
  readonly json?: { readonly schema?: JsonSchema; readonly strict: boolean };
  /** Strict tools by their names. */
  readonly arguments: ReadonlyMap<string, JsonSchema>;
};

/** Undefined where the engine keeps by itself all that is asked: the common case. */
export function checksOf(generation: Generation, can: Capabilities): Checks | undefined {
  const json = jsonCheck(generation, can);
  const strict = new Map<string, JsonSchema>();
  if (!can.strictTools && generation.toolChoice.kind !== 'none') {
    for (const tool of generation.tools) {
      if (tool.kind !== 'custom' && tool.strict) strict.set(tool.name, tool.parameters);
    }
  }
  if (json === undefined && strict.size === 0) return undefined;
  return { ...(json !== undefined && { json }), arguments: strict };
}

function jsonCheck({ output }: Generation, can: Capabilities): Checks['json'] {
  switch (output.kind) {
    case 'text':
      return undefined;
    case 'json-object':
      return can.jsonObject ? undefined : { strict: true };
    case 'json-schema':
      return can.jsonSchema ? undefined : { schema: output.schema, strict: output.strict };
  }
}

/** The same request in words that any model reads. */
export function instructed(
  generation: Generation,
  { json }: Checks,
  can: Capabilities,
): Generation {
  if (json === undefined) return generation;
  const calls = generation.tools.length > 0 ? 'Unless you call a tool, answer' : 'Answer';
  const wish =
    json.schema === undefined
      ? `${calls} with one JSON object and nothing else: no explanation, no code fence.`
      : `${calls} with JSON that is valid against this JSON Schema and nothing else: no explanation, no code fence.\n\n${JSON.stringify(json.schema)}`;
  const output = can.jsonObject ? ({ kind: 'json-object' } as const) : ({ kind: 'text' } as const);
  return { ...generation, items: withInstruction(generation.items, wish), output };
}

/** Many templates take one system message, at the beginning. */
function withInstruction(items: readonly Item[], wish: string): readonly Item[] {
  const [first, ...others] = items;
  if (first?.kind !== 'message' || (first.role !== 'system' && first.role !== 'developer')) {
    return [{ kind: 'message', role: 'system', content: textContent(wish) }, ...items];
  }
  const content = [...first.content, ...textContent(`\n\n${wish}`)];
  return [{ ...first, content }, ...others];
}

/** The request again, with the answer that was wrong and what was wrong with it. */
export function askedAgain(
  generation: Generation,
  answer: { readonly text: string; readonly calls: readonly (ToolCall | CustomToolCall)[] },
  problem: string,
): Generation {
  const said: Item[] =
    answer.text === ''
      ? []
      : [{ kind: 'message', role: 'assistant', content: textContent(answer.text) }];
  const told: Item[] =
    answer.calls.length === 0
      ? [{ kind: 'message', role: 'user', content: textContent(jsonCorrection(problem)) }]
      : answer.calls.map(({ callId }) => ({
          kind: 'tool-result',
          callId,
          content: textContent(callCorrection(problem)),
          isError: true,
        }));
  return { ...generation, items: [...generation.items, ...said, ...answer.calls, ...told] };
}

function jsonCorrection(problem: string): string {
  return `That is not the JSON that was asked for: ${problem}. Answer again, with the JSON alone.`;
}

function callCorrection(problem: string): string {
  return `Error: no tool was run, because the arguments are not valid: ${problem}. Make the call again with valid arguments.`;
}
