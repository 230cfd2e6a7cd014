// The tools of a request, wherever they stand, as one flat list for the engine; the same tools as the answer repeats
// them; and the choice among them. A tool that is not the client's own to run, such as web search, is left out and
// named: a coding agent that offers it works without it.

import { z } from 'zod';
import type { Tool, ToolChoice } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { TOOLS_MAX } from '../../limits.ts';
import { fieldName, firstIssue } from '../first-issue.ts';
import { unknownFields } from '../unknown-fields.ts';
import { toolName, toolParameters } from '../json-bounds.ts';
import type { ToolList } from './input-items.ts';
import type { NamedTool, ToolChoiceRequest } from './request.ts';
import { flatName, type WireName } from './tool-names.ts';

const functionTool = z.object({
  type: z.literal('function'),
  name: toolName,
  description: z.string().nullish(),
  parameters: toolParameters.nullish(),
  strict: z.boolean().nullish(),
});
type FunctionTool = z.infer<typeof functionTool>;

/** Longer ones are no grammars of tools; Codex's is 500 characters. */
const GRAMMAR_CHARACTERS_MAX = 100_000;

const customTool = z.object({
  type: z.literal('custom'),
  name: toolName,
  description: z.string().nullish(),
  format: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({
        type: z.literal('grammar'),
        syntax: z.enum(['lark', 'regex']),
        definition: z.string().min(1).max(GRAMMAR_CHARACTERS_MAX),
      }),
    ])
    .nullish(),
});
type CustomTool = z.infer<typeof customTool>;

const namespaceTool = z.object({
  type: z.literal('namespace'),
  name: toolName,
  description: z.string().nullish(),
  tools: z.array(z.unknown()).max(TOOLS_MAX),
});

const anyTool = z.object({ type: z.string().min(1) });

export type ToolBox = {
  readonly tools: readonly Tool[];
  /** What each flat name is called in the answer; names that are their own are not in it. */
  readonly names: ReadonlyMap<string, WireName>;
  /** The tools in force, in the form of the Response object. */
  readonly echoed: readonly object[];
  readonly ignored: readonly string[];
  /** Fields of tools that nobody knows. */
  readonly unknown: readonly string[];
  /** Where each tool was declared, by its flat name. */
  readonly places: ReadonlyMap<string, string>;
};

/** `lists`: the request's own tools first; only those are repeated in the answer. */
export function readTools(lists: readonly ToolList[]): Result<ToolBox, Refusal> {
  const reading = new Reading();
  const echoed: object[] = [];
  for (const [index, { path, tools }] of lists.entries()) {
    const read = reading.list(tools, path, undefined);
    if (!read.ok) return read;
    if (index === 0) echoed.push(...read.value);
  }
  const { tools, names, ignored, unknown, places } = reading;
  return ok({ tools: [...tools.values()], names, echoed, ignored, unknown, places });
}

type Path = readonly PropertyKey[];

class Reading {
  readonly tools = new Map<string, Tool>();
  readonly names = new Map<string, WireName>();
  readonly ignored: string[] = [];
  readonly unknown: string[] = [];
  readonly places = new Map<string, string>();

  /** The tools as the answer repeats them. */
  list(tools: readonly unknown[], path: Path, namespace?: string): Result<object[], Refusal> {
    const echoed: object[] = [];
    for (const [index, tool] of tools.entries()) {
      const read = this.#tool(tool, [...path, index], namespace);
      if (!read.ok) return read;
      if (read.value !== undefined) echoed.push(read.value);
    }
    return ok(echoed);
  }

  #tool(tool: unknown, path: Path, namespace?: string): Result<object | undefined, Refusal> {
    const any = anyTool.safeParse(tool);
    if (!any.success) return err(firstIssue(any.error.issues, path));
    const { type } = any.data;
    if (type === 'function') {
      const parsed = functionTool.safeParse(tool);
      if (!parsed.success) return err(firstIssue(parsed.error.issues, path));
      this.unknown.push(...unknownFields(functionTool, tool, path));
      return this.#add(parsed.data, path, namespace);
    }
    if (type === 'custom') {
      const parsed = customTool.safeParse(tool);
      if (!parsed.success) return err(firstIssue(parsed.error.issues, path));
      return this.#addCustom(parsed.data, path, namespace);
    }
    if (type === 'namespace' && namespace === undefined) {
      const parsed = namespaceTool.safeParse(tool);
      if (!parsed.success) return err(firstIssue(parsed.error.issues, path));
      const { name, description = null } = parsed.data;
      const inner = this.list(parsed.data.tools, [...path, 'tools'], name);
      return inner.ok ? ok({ type, name, description, tools: inner.value }) : inner;
    }
    this.ignored.push(`${fieldName(path)} (${type})`);
    return ok(undefined);
  }

  #add(tool: FunctionTool, path: Path, namespace?: string): Result<object, Refusal> {
    const { type, name, description = null, strict } = tool;
    const known = this.#place(name, path, namespace);
    if (!known.ok) return known;
    this.tools.set(known.value, {
      name: known.value,
      ...(description !== null && { description }),
      parameters: tool.parameters ?? { type: 'object', properties: {} },
      strict: strict ?? false,
    });
    const parameters = tool.parameters ?? null;
    return ok({ type, name, description, parameters, strict: strict ?? false });
  }

  #addCustom(tool: CustomTool, path: Path, namespace?: string): Result<object, Refusal> {
    const { type, name, description = null, format } = tool;
    const known = this.#place(name, path, namespace);
    if (!known.ok) return known;
    this.tools.set(known.value, {
      kind: 'custom',
      name: known.value,
      ...(description !== null && { description }),
      format:
        format?.type === 'grammar'
          ? { kind: 'grammar', syntax: format.syntax, definition: format.definition }
          : { kind: 'text' },
    });
    return ok({ type, name, description, format: format ?? { type: 'text' } });
  }

  /** The name for the engine. A tool that is sent again is the same tool, as it is now. */
  #place(name: string, path: Path, namespace?: string): Result<string, Refusal> {
    const known = namespace === undefined ? name : flatName(namespace, name);
    const before = this.tools.has(known) ? (this.names.get(known) ?? { name }) : undefined;
    // In one list each is another tool; a later list may send a tool again.
    const isSame = before?.name === name && before.namespace === namespace;
    const list = fieldName(path.slice(0, -1));
    if (
      before !== undefined &&
      (!isSame || this.places.get(known)?.startsWith(`${list}[`) === true)
    ) {
      const field = fieldName([...path, 'name']);
      const message = `Invalid '${field}': '${known}' is the name of another tool already.`;
      return err({ kind: 'invalid-request', field, message });
    }
    if (namespace !== undefined) this.names.set(known, { name, namespace });
    this.places.set(known, fieldName(path));
    return ok(known);
  }
}

export type Chosen = { readonly choice: ToolChoice; readonly tools: readonly Tool[] };

/** What the model may call and what it must. */
export function chooseTool(
  request: ToolChoiceRequest | null | undefined,
  { tools, ignored }: ToolBox,
): Result<Chosen, Refusal> {
  if (request == null || request === 'auto') return ok({ choice: { kind: 'auto' }, tools });
  if (request === 'none') return ok({ choice: { kind: 'none' }, tools });
  if (request === 'required') {
    if (tools.length > 0) return ok({ choice: { kind: 'required' }, tools });
    const why = ignored.length > 0 ? ' of a kind that is served here' : '';
    return invalid('tool_choice', `'tool_choice' needs 'tools'${why}.`);
  }
  if ('mode' in request) return allowed(request.tools, request.mode, tools);
  const chosen = theTool(request, 'tool_choice', tools);
  if (!chosen.ok) return chosen;
  return ok({ choice: { kind: 'tool', name: chosen.value.name }, tools });
}

/** The engine is told of the allowed tools alone, which every engine understands. */
function allowed(
  list: readonly NamedTool[],
  mode: 'auto' | 'required',
  tools: readonly Tool[],
): Result<Chosen, Refusal> {
  const names = new Set<string>();
  for (const [index, named] of list.entries()) {
    // Those that are not served were left out of the tools as well.
    if (named.type !== 'function' && named.type !== 'custom') continue;
    const tool = theTool(named, `tool_choice.tools[${index}]`, tools);
    if (!tool.ok) return tool;
    names.add(tool.value.name);
  }
  const left = tools.filter(({ name }) => names.has(name));
  if (left.length > 0) return ok({ choice: { kind: mode }, tools: left });
  if (mode === 'auto') return ok({ choice: { kind: 'none' }, tools: [] });
  return invalid('tool_choice.tools', "'tool_choice.tools' names no tool that is served here.");
}

function theTool(
  { type, name, namespace }: NamedTool,
  field: string,
  tools: readonly Tool[],
): Result<Tool, Refusal> {
  if (type !== 'function' && type !== 'custom') {
    const feature = `a choice of the tool type ${JSON.stringify(type.slice(0, SHOWN_MAX))}`;
    return err({ kind: 'unsupported-feature', feature, field });
  }
  if (name === undefined) {
    return invalid(`${field}.name`, `Missing required parameter: '${field}.name'.`);
  }
  const known = namespace == null ? name : flatName(namespace, name);
  const tool = tools.find(
    (candidate) => candidate.name === known && (candidate.kind ?? 'function') === type,
  );
  if (tool !== undefined) return ok(tool);
  const shown = name.slice(0, SHOWN_MAX);
  return invalid(`${field}.name`, `There is no tool named '${shown}' in 'tools'.`);
}

const SHOWN_MAX = 128;

function invalid(field: string, message: string): Result<never, Refusal> {
  return err({ kind: 'invalid-request', field, message });
}
