// Chat Completions request → Generation.

import type {
  Generation,
  Item,
  OutputFormat,
  Sampling,
  Tool,
  ToolChoice,
} from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { firstIssue } from '../first-issue.ts';
import type { Decoded } from '../protocol.ts';
import { contentOf, unservedPart } from './content.ts';
import { chatEncoder } from './encode.ts';
import { chatRequest, type ChatMessage, type ChatRequest } from './request.ts';

export function decodeChat(body: unknown): Result<Decoded, Refusal> {
  const parsed = chatRequest.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const request = parsed.data;
  const problem = unsupported(request) ?? inconsistent(request);
  if (problem !== undefined) return err(problem);
  const includeUsage = request.stream_options?.include_usage === true;
  return ok({
    model: request.model,
    generation: generationOf(request),
    encoder: (facts) => chatEncoder({ ...facts, includeUsage }),
  });
}

function generationOf(request: ChatRequest): Generation {
  const outputTokensMax = request.max_completion_tokens ?? request.max_tokens;
  return {
    items: request.messages.flatMap((message, index) => itemsOf(message, `messages[${index}]`)),
    tools: (request.tools ?? []).map(toolOf),
    toolChoice: toolChoiceOf(request),
    parallelToolCalls: request.parallel_tool_calls ?? true,
    sampling: samplingOf(request),
    ...(request.reasoning_effort != null && { reasoningEffort: request.reasoning_effort }),
    output: outputOf(request),
    ...(outputTokensMax != null && { outputTokensMax }),
    delivery: request.stream === true ? 'stream' : 'whole',
  };
}

function itemsOf(message: ChatMessage, field: string): Item[] {
  switch (message.role) {
    case 'tool': {
      const content = contentOf(message.content, field);
      return [{ kind: 'tool-result', callId: message.tool_call_id, content }];
    }
    case 'assistant': {
      const items: Item[] = [];
      if (message.reasoning) items.push({ kind: 'reasoning', text: message.reasoning });
      const content = [...contentOf(message.content ?? '', field)];
      if (message.refusal) content.push({ kind: 'refusal', text: message.refusal });
      if (content.length > 0) items.push({ kind: 'message', role: 'assistant', content });
      for (const call of message.tool_calls ?? []) {
        const { name, arguments: json } = call.function;
        items.push({ kind: 'tool-call', callId: call.id, name, arguments: json });
      }
      return items;
    }
    default: {
      const content = contentOf(message.content, field);
      return [{ kind: 'message', role: message.role, content }];
    }
  }
}

function toolOf({ function: tool }: NonNullable<ChatRequest['tools']>[number]): Tool {
  return {
    name: tool.name,
    ...(tool.description != null && { description: tool.description }),
    parameters: tool.parameters ?? { type: 'object', properties: {} },
    strict: tool.strict ?? false,
  };
}

function toolChoiceOf(request: ChatRequest): ToolChoice {
  const choice = request.tool_choice ?? 'auto';
  return typeof choice === 'string'
    ? { kind: choice }
    : { kind: 'tool', name: choice.function.name };
}

function samplingOf(request: ChatRequest): Sampling {
  const stop = request.stop ?? [];
  return {
    ...(request.temperature != null && { temperature: request.temperature }),
    ...(request.top_p != null && { topP: request.top_p }),
    ...(request.frequency_penalty != null && { frequencyPenalty: request.frequency_penalty }),
    ...(request.presence_penalty != null && { presencePenalty: request.presence_penalty }),
    ...(request.seed != null && { seed: request.seed }),
    stop: typeof stop === 'string' ? [stop] : stop,
  };
}

function outputOf(request: ChatRequest): OutputFormat {
  const format = request.response_format;
  if (format == null || format.type === 'text') return { kind: 'text' };
  if (format.type === 'json_object') return { kind: 'json-object' };
  const { name, schema, strict } = format.json_schema;
  return { kind: 'json-schema', name, schema: schema ?? {}, strict: strict ?? false };
}

/** What OpenAI knows and we do not serve: refused by name rather than ignored. */
function unsupported(request: ChatRequest): Refusal | undefined {
  if ((request.n ?? 1) > 1) return feature('more than one choice', 'n');
  if (request.logprobs === true) return feature('log probabilities', 'logprobs');
  if ((request.top_logprobs ?? 0) > 0) return feature('log probabilities', 'top_logprobs');
  if (Object.keys(request.logit_bias ?? {}).length > 0) return feature('logit bias', 'logit_bias');
  for (const [index, message] of request.messages.entries()) {
    const problem = unservedPart(message.content ?? '', `messages[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}

/** Fields that are right by themselves and wrong together. */
function inconsistent(request: ChatRequest): Refusal | undefined {
  if (request.stream_options != null && request.stream !== true) {
    return invalid('stream_options', "'stream_options' is only allowed when 'stream' is true.");
  }
  if (request.max_tokens != null && request.max_completion_tokens != null) {
    return invalid('max_tokens', "Send 'max_completion_tokens' or 'max_tokens', not both.");
  }
  const choice = request.tool_choice;
  if (
    choice != null &&
    choice !== 'none' &&
    choice !== 'auto' &&
    (request.tools ?? []).length === 0
  ) {
    return invalid('tool_choice', "'tool_choice' needs 'tools'.");
  }
  if (typeof choice === 'object' && choice !== null) {
    const name = choice.function.name;
    if (!(request.tools ?? []).some((tool) => tool.function.name === name)) {
      return invalid('tool_choice.function.name', `There is no tool named '${name}' in 'tools'.`);
    }
  }
  return unansweredCall(request.messages);
}

/** OpenAI's rule: every tool call of an assistant message is answered before anything else is said. */
function unansweredCall(messages: readonly ChatMessage[]): Refusal | undefined {
  const open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id)) {
        const field = `messages[${index}].tool_call_id`;
        return invalid(
          field,
          `'${field}' answers no tool call of the assistant message before it.`,
        );
      }
      continue;
    }
    if (open.size > 0) return unanswered(index, open);
    if (message.role !== 'assistant') continue;
    for (const call of message.tool_calls ?? []) open.add(call.id);
  }
  return open.size > 0 ? unanswered(messages.length, open) : undefined;
}

function unanswered(index: number, open: ReadonlySet<string>): Refusal {
  const ids = [...open].join(', ');
  return invalid(
    `messages[${index}]`,
    `An assistant message with 'tool_calls' must be followed by a tool message for each of them; missing: ${ids}.`,
  );
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
