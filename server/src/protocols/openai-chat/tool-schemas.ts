// The tools of a Chat Completions request, the choice among them and the calls of earlier turns: functions, custom tools,
// and `functions`, which came before both.
// Source: OpenAI's published OpenAPI document, schemas ChatCompletionTool, CustomToolChatCompletions and
// ChatCompletionToolChoiceOption.

import { z } from 'zod';
import { GRAMMAR_CHARACTERS_MAX, TOOLS_MAX } from '../../limits.ts';
import { toolName, toolParameters } from '../json-bounds.ts';

const calledName = z.string().min(1);

const legacyFunction = z.strictObject({
  name: toolName,
  description: z.string().nullish(),
  parameters: toolParameters.nullish(),
});

const functionTool = z.strictObject({
  type: z.literal('function'),
  function: legacyFunction.extend({ strict: z.boolean().nullish() }),
});

const customTool = z.strictObject({
  type: z.literal('custom'),
  custom: z.strictObject({
    name: toolName,
    description: z.string().nullish(),
    format: z
      .discriminatedUnion('type', [
        z.strictObject({ type: z.literal('text') }),
        z.strictObject({
          type: z.literal('grammar'),
          grammar: z.strictObject({
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
  z.strictObject({
    type: z.literal('function'),
    function: z.strictObject({ name: calledName }),
  }),
  z.strictObject({ type: z.literal('custom'), custom: z.strictObject({ name: calledName }) }),
]);

const allowedTools = z.strictObject({
  type: z.literal('allowed_tools'),
  allowed_tools: z.strictObject({
    mode: z.enum(['auto', 'required']),
    tools: z.array(namedTool).min(1).max(TOOLS_MAX),
  }),
});

export const toolChoice = z.union(
  [z.enum(['none', 'auto', 'required']), z.union([...namedTool.options, allowedTools])],
  { error: "expected 'none', 'auto', 'required', a tool's name or allowed tools" },
);
export const legacyChoice = z.union(
  [z.enum(['none', 'auto']), z.strictObject({ name: calledName })],
  { error: "expected 'none', 'auto' or a function's name" },
);

export const toolCall = z.discriminatedUnion('type', [
  z.strictObject({
    id: z.string().min(1),
    type: z.literal('function'),
    function: z.strictObject({ name: calledName, arguments: z.string() }),
  }),
  z.strictObject({
    id: z.string().min(1),
    type: z.literal('custom'),
    custom: z.strictObject({ name: calledName, input: z.string() }),
  }),
]);
export const legacyCall = z.strictObject({ name: calledName, arguments: z.string() });

export type ToolRequest = z.infer<typeof tools>[number];
export type LegacyFunction = z.infer<typeof legacyFunction>;
export type NamedTool = z.infer<typeof namedTool>;
export type ToolCallRequest = z.infer<typeof toolCall>;
