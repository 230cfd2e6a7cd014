// The tools of a Chat Completions request, the choice among them and the calls of earlier turns: functions, custom tools,
// and `functions`, which came before both.
// Source: OpenAI's published OpenAPI document, schemas ChatCompletionTool, CustomToolChatCompletions and
// ChatCompletionToolChoiceOption.

import { z } from 'zod';
import { GRAMMAR_CHARACTERS_MAX, TOOLS_MAX } from '../../limits.ts';
import { toolName, toolParameters } from '../json-bounds.ts';

const calledName = z.string().min(1);

const legacyFunction = z.object({
  name: toolName,
  description: z.string().nullish(),
  parameters: toolParameters.nullish(),
});

const functionTool = z.object({
  type: z.literal('function'),
  function: legacyFunction.extend({ strict: z.boolean().nullish() }),
});

const customTool = z.object({
  type: z.literal('custom'),
  custom: z.object({
    name: toolName,
    description: z.string().nullish(),
    format: z
      .discriminatedUnion('type', [
        z.object({ type: z.literal('text') }),
        z.object({
          type: z.literal('grammar'),
          grammar: z.object({
            syntax: z.enum(['lark', 'regex']),
            definition: z.string().min(1).max(GRAMMAR_CHARACTERS_MAX),
          }),
        }),
      ])
      .nullish(),
  }),
});

export const tools = z
  .array(z.discriminatedUnion('type', [functionTool, customTool]))
  .max(TOOLS_MAX);
export const legacyFunctions = z.array(legacyFunction).min(1).max(TOOLS_MAX);

const namedTool = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('function'),
    function: z.object({ name: calledName }),
  }),
  z.object({ type: z.literal('custom'), custom: z.object({ name: calledName }) }),
]);

const allowedTools = z.object({
  type: z.literal('allowed_tools'),
  allowed_tools: z.object({
    mode: z.enum(['auto', 'required']),
    tools: z.array(namedTool).min(1).max(TOOLS_MAX),
  }),
});

export const toolChoice = z.union(
  [z.enum(['none', 'auto', 'required']), z.union([...namedTool.options, allowedTools])],
  { error: "expected 'none', 'auto', 'required', a tool's name or allowed tools" },
);
export const legacyChoice = z.union([z.enum(['none', 'auto']), z.object({ name: calledName })], {
  error: "expected 'none', 'auto' or a function's name",
});

export const toolCall = z.discriminatedUnion('type', [
  z.object({
    id: z.string().min(1),
    type: z.literal('function'),
    function: z.object({ name: calledName, arguments: z.string() }),
  }),
  z.object({
    id: z.string().min(1),
    type: z.literal('custom'),
    custom: z.object({ name: calledName, input: z.string() }),
  }),
]);
export const legacyCall = z.object({ name: calledName, arguments: z.string() });

export type ToolRequest = z.infer<typeof tools>[number];
export type LegacyFunction = z.infer<typeof legacyFunction>;
export type NamedTool = z.infer<typeof namedTool>;
export type ToolCallRequest = z.infer<typeof toolCall>;
