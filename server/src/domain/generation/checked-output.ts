// What an answer must be that its engine can't keep by itself: JSON, JSON of a schema, strict arguments, a call. The model is
// told in words, the answer is checked, and where it is wrong the model is told what is and asked once more. Where the
// engine promises to keep JSON it is asked in its own way first, and the words come with the second try. Pure: the
// checking itself is in engines/checked.

import type { Capabilities } from './capabilities.ts';
import { textContent } from './content.ts';
import type { CustomToolCall, Generation, Item, JsonSchema, ToolCall } from './generation.ts';

export type Checks = {
  /** The answer is JSON; `schema` where it has one. Where the schema is no promise, JSON alone is one. */
  readonly json?: JsonCheck;
  /** Strict tools by their names. */
  readonly arguments: ReadonlyMap<string, JsonSchema>;
  /** An answer without a call, of this tool where it is named, is wrong. */
  readonly mustCall?: { readonly name?: string };
};

type JsonCheck = {
  readonly schema?: JsonSchema;
  readonly strict: boolean;
  /** The engine is asked for it too. */
  readonly isPromised: boolean;
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
  const mustCall = demandedCall(generation);
  const isDoubted = mustCall !== undefined && can.forcedToolChoice === 'promised';
  if (json === undefined && strict.size === 0 && !isDoubted) return undefined;
  return {
    ...(json !== undefined && { json }),
    arguments: strict,
    ...(mustCall !== undefined && { mustCall }),
  };
}

function demandedCall({ tools, toolChoice }: Generation): Checks['mustCall'] {
  if (tools.length === 0) return undefined;
  switch (toolChoice.kind) {
    case 'required':
      return {};
    case 'tool':
      return { name: toolChoice.name };
    default:
      return undefined;
  }
}

function jsonCheck({ output }: Generation, can: Capabilities): JsonCheck | undefined {
  switch (output.kind) {
    case 'text':
      return undefined;
    case 'json-object':
      if (can.jsonObject === true) return undefined;
      return { strict: true, isPromised: can.jsonObject === 'promised' };
    case 'json-schema': {
      const { schema, strict } = output;
      const isPromised = can.jsonSchema === 'promised';
      if (can.jsonSchema === true || (isPromised && !strict)) return undefined;
      return { schema, strict, isPromised };
    }
  }
}

/** The same request in words that any model reads, where the engine does not promise to keep it by itself. */
export function instructed(
  generation: Generation,
  { json }: Checks,
  can: Capabilities,
): Generation {
  if (json === undefined || json.isPromised) return generation;
  const canSendOn = can.jsonObject !== false;
  const output = canSendOn ? ({ kind: 'json-object' } as const) : ({ kind: 'text' } as const);
  return { ...generation, items: withWords(generation, json), output };
}

function withWords({ items, tools }: Generation, json: JsonCheck): readonly Item[] {
  const calls = tools.length > 0 ? 'Unless you call a tool, answer' : 'Answer';
  const wish =
    json.schema === undefined
      ? `${calls} with one JSON object and nothing else: no explanation, no code fence.`
      : `${calls} with JSON that is valid against this JSON Schema and nothing else: no explanation, no code fence.\n\n${JSON.stringify(json.schema)}`;
  return withInstruction(items, wish);
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

/** What is wrong, as the client reads it, and as the model is told. */
export type Mistake = { readonly problem: string; readonly correction: string };

/** The request again, with the answer that was wrong and what was wrong with it. */
export function askedAgain(
  generation: Generation,
  { json }: Checks,
  answer: { readonly text: string; readonly calls: readonly (ToolCall | CustomToolCall)[] },
  { correction }: Mistake,
): Generation {
  const asked = json?.isPromised === true ? withWords(generation, json) : generation.items;
  const said: Item[] =
    answer.text === ''
      ? []
      : [{ kind: 'message', role: 'assistant', content: textContent(answer.text) }];
  const told: Item[] =
    answer.calls.length === 0
      ? [{ kind: 'message', role: 'user', content: textContent(correction) }]
      : answer.calls.map(({ callId }) => ({
          kind: 'tool-result',
          callId,
          content: textContent(correction),
          isError: true,
        }));
  return { ...generation, items: [...asked, ...said, ...answer.calls, ...told] };
}

export function jsonMistake(problem: string): Mistake {
  const correction = `That is not the JSON that was asked for: ${problem}. Answer again, with the JSON alone.`;
  return { problem, correction };
}

export function argumentsMistake(tool: string, what: string): Mistake {
  const problem = `of the tool ${tool}, ${what}`;
  const correction = `Error: no tool was run, because the arguments are not valid: ${problem}. Make the call again with valid arguments.`;
  return { problem, correction };
}

export function choiceMistake({ name }: NonNullable<Checks['mustCall']>): Mistake {
  const demanded = name === undefined ? 'one of the tools' : `the tool ${name}`;
  const problem = `it does not call ${demanded}, which was demanded`;
  return { problem, correction: `Error: no tool was run. You must call ${demanded}. Do it now.` };
}
