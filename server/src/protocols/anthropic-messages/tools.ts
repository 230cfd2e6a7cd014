// The tools of a request as the model sees them, and what it may do with them. A tool that Anthropic's servers would run
// is left out and named, as on Responses: a session that offers it goes on without. Only where nothing else may be called
// the request is refused.

import type { Tool, ToolChoice } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { asFunctionTool } from './defined-tools.ts';
import type { CountRequest } from './request.ts';

export type ToolBox = {
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  /** Those that were left out: `tools[1] (web_search_20250305)`. */
  readonly ignored: readonly string[];
  /** Where each tool stands, by its name; its index among all of them tells, unless some were left out. */
  readonly places: ReadonlyMap<string, string>;
};

type SentTool = NonNullable<CountRequest['tools']>[number];

export function readTools({ tools: sent, tool_choice: choice }: Fields): Result<ToolBox, Refusal> {
  const tools: Tool[] = [];
  const ignored: string[] = [];
  const places = new Map<string, string>();
  const leftOut = new Map<string, string>();
  for (const [index, one] of (sent ?? []).entries()) {
    const field = `tools[${index}]`;
    const tool = toolOf(one);
    if (tool === undefined) {
      const type = (one.type ?? '').slice(0, SHOWN_MAX);
      ignored.push(`${field} (${type})`);
      if (typeof one['name'] === 'string') leftOut.set(one['name'], type);
      continue;
    }
    tools.push(tool);
    places.set(tool.name, field);
  }
  const chosen = chosenOf(choice, tools, leftOut, ignored.length > 0);
  return chosen.ok ? ok({ tools, toolChoice: chosen.value, ignored, places }) : chosen;
}

type Fields = Pick<CountRequest, 'tools' | 'tool_choice'>;

function toolOf(tool: SentTool): Tool | undefined {
  if (!isOfClient(tool)) return asFunctionTool(tool);
  return {
    name: tool.name,
    ...(tool.description != null && { description: tool.description }),
    parameters: tool.input_schema,
    strict: tool.strict ?? false,
  };
}

/** Of the two kinds in request.ts, the one with a schema of the client's. */
function isOfClient(tool: SentTool): tool is Extract<SentTool, { readonly input_schema: unknown }> {
  return tool.type == null || tool.type === 'custom';
}

function chosenOf(
  choice: CountRequest['tool_choice'],
  tools: readonly Tool[],
  leftOut: ReadonlyMap<string, string>,
  someAreLeftOut: boolean,
): Result<ToolChoice, Refusal> {
  switch (choice?.type) {
    case 'any': {
      if (tools.length > 0) return ok({ kind: 'required' });
      const why = someAreLeftOut ? ' of a kind that is served here' : '';
      return invalid('tool_choice', `'tool_choice' needs 'tools'${why}.`);
    }
    case 'tool':
      return theTool(choice.name, tools, leftOut);
    case 'none':
      return ok({ kind: 'none' });
    default:
      return ok({ kind: 'auto' });
  }
}

function theTool(
  name: string,
  tools: readonly Tool[],
  leftOut: ReadonlyMap<string, string>,
): Result<ToolChoice, Refusal> {
  if (tools.some((tool) => tool.name === name)) return ok({ kind: 'tool', name });
  const type = leftOut.get(name);
  if (type !== undefined) {
    const feature = `a choice of the tool type ${type}`;
    return err({ kind: 'unsupported-feature', feature, field: 'tool_choice.name' });
  }
  if (tools.length === 0 && leftOut.size === 0) {
    return invalid('tool_choice', "'tool_choice' needs 'tools'.");
  }
  const message = `There is no tool named '${name.slice(0, SHOWN_MAX)}' in 'tools'.`;
  return invalid('tool_choice.name', message);
}

const SHOWN_MAX = 100;

function invalid(field: string, message: string): Result<never, Refusal> {
  return err({ kind: 'invalid-request', field, message });
}
