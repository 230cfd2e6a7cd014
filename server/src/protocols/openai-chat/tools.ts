// The tools that the model sees and what it may do with them, whichever of OpenAI's two forms they came in.

import type { Tool, ToolCall, ToolChoice } from '../../domain/generation/generation.ts';
import type { CustomToolCall } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { ChatRequest } from './request.ts';
import type { LegacyFunction, NamedTool, ToolCallRequest, ToolRequest } from './tool-schemas.ts';

/** Where the fields of each tool stand, by its name. */
export function placesOf({ tools, functions }: ToolFields): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const [index, tool] of (tools ?? []).entries()) {
    const { name } = tool.type === 'custom' ? tool.custom : tool.function;
    places.set(name, `tools[${index}].${tool.type}`);
  }
  for (const [index, { name }] of (functions ?? []).entries()) {
    places.set(name, `functions[${index}]`);
  }
  return places;
}

export type Offer = { readonly tools: readonly Tool[]; readonly toolChoice: ToolChoice };

type ToolFields = Pick<ChatRequest, 'tools' | 'tool_choice' | 'functions' | 'function_call'>;

export function offerOf(request: ToolFields): Result<Offer, Refusal> {
  if (request.functions == null) {
    if (request.function_call == null || request.function_call === 'none')
      return toolOffer(request);
    return invalid('function_call', "'function_call' needs 'functions'.");
  }
  if (request.tools != null || request.tool_choice != null) {
    return invalid('functions', "Send 'tools' or 'functions', not both.");
  }
  return legacyOffer(request.functions, request.function_call ?? 'auto');
}

function toolOffer({ tools: wanted, tool_choice: choice }: ToolFields): Result<Offer, Refusal> {
  const tools = (wanted ?? []).map(toolOf);
  if (choice == null || choice === 'auto') return ok({ tools, toolChoice: { kind: 'auto' } });
  if (choice === 'none') return ok({ tools, toolChoice: { kind: 'none' } });
  if (tools.length === 0) return invalid('tool_choice', "'tool_choice' needs 'tools'.");
  if (choice === 'required') return ok({ tools, toolChoice: { kind: 'required' } });
  if (choice.type === 'allowed_tools') return allowed(choice.allowed_tools, tools);
  const chosen = theTool(choice, 'tool_choice', tools);
  return chosen.ok ? ok({ tools, toolChoice: { kind: 'tool', name: chosen.value.name } }) : chosen;
}

/** The engine is told of the allowed tools alone, which every engine understands. */
function allowed(
  { mode, tools: named }: { readonly mode: 'auto' | 'required'; readonly tools: NamedTool[] },
  tools: readonly Tool[],
): Result<Offer, Refusal> {
  const kept = new Set<Tool>();
  for (const [index, name] of named.entries()) {
    const tool = theTool(name, `tool_choice.allowed_tools.tools[${index}]`, tools);
    if (!tool.ok) return tool;
    kept.add(tool.value);
  }
  return ok({ tools: tools.filter((tool) => kept.has(tool)), toolChoice: { kind: mode } });
}

function theTool(named: NamedTool, field: string, tools: readonly Tool[]): Result<Tool, Refusal> {
  const { type } = named;
  const { name } = named.type === 'custom' ? named.custom : named.function;
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool !== undefined && (tool.kind ?? 'function') === type) return ok(tool);
  const what = type === 'custom' ? 'custom tool' : 'tool';
  const message = `There is no ${what} named '${shown(name)}' in 'tools'.`;
  return invalid(`${field}.${type}.name`, message);
}

function legacyOffer(
  functions: readonly LegacyFunction[],
  choice: NonNullable<ChatRequest['function_call']>,
): Result<Offer, Refusal> {
  const tools = functions.map((wanted) => functionOf(wanted, false));
  if (typeof choice === 'string') return ok({ tools, toolChoice: { kind: choice } });
  if (tools.some(({ name }) => name === choice.name)) {
    return ok({ tools, toolChoice: { kind: 'tool', name: choice.name } });
  }
  const message = `There is no function named '${shown(choice.name)}' in 'functions'.`;
  return invalid('function_call.name', message);
}

function toolOf(wanted: ToolRequest): Tool {
  if (wanted.type === 'function') {
    return functionOf(wanted.function, wanted.function.strict ?? false);
  }
  const { name, description, format } = wanted.custom;
  return {
    kind: 'custom',
    name,
    ...(description != null && { description }),
    format: format?.type === 'grammar' ? { kind: 'grammar', ...format.grammar } : { kind: 'text' },
  };
}

function functionOf({ name, description, parameters }: LegacyFunction, strict: boolean): Tool {
  return {
    name,
    ...(description != null && { description }),
    parameters: parameters ?? { type: 'object', properties: {} },
    strict,
  };
}

export function callOf(call: ToolCallRequest): ToolCall | CustomToolCall {
  if (call.type === 'custom') {
    return { kind: 'custom-tool-call', callId: call.id, ...call.custom };
  }
  return { kind: 'tool-call', callId: call.id, ...call.function };
}

const SHOWN_MAX = 128;

function shown(name: string): string {
  return name.slice(0, SHOWN_MAX);
}

function invalid(field: string, message: string): Result<never, Refusal> {
  return err({ kind: 'invalid-request', field, message });
}
