// The official Anthropic client in two ages: 1.x, which speaks 2026-10-21 and sends the key as a bearer, and 0.x, which
// speaks 2023-06-01 and sends x-api-key. Both through the same code, whose types are the newer one's.

import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import Anthropic2023 from 'anthropic-2023';
import { z } from 'zod';
import type { Answer, Ask, Client, Failure, Target, Turn } from './client.ts';

const MAX_TOKENS_DEFAULT = 1_024;
const THINKING_TOKENS = 1_024;

export function anthropic({ origin, key }: Target): Client {
  return clientOf('anthropic 1.x', new Anthropic({ baseURL: origin, apiKey: key }));
}

export function anthropic2023({ origin, key }: Target): Client {
  const client = new Anthropic2023({ baseURL: origin, apiKey: key });
  // `as` because what is used here of the two ages has the same shape.
  return clientOf('anthropic 0.x', client as unknown as Anthropic);
}

function clientOf(name: string, client: Anthropic): Client {
  return {
    name,
    protocol: 'messages',
    cannot: ['stored'],
    async ask(ask) {
      const options = { maxRetries: ask.retries ?? 0, signal: ask.signal };
      if (!ask.stream) return answerOf(await client.messages.create(params(ask), options));
      const stream = client.messages.stream(params(ask), options);
      stream.on('text', () => ask.onText?.());
      return answerOf(await stream.finalMessage());
    },
    failure,
    async countTokens(ask) {
      const { model, messages, system, tools } = params(ask);
      const body = { model, messages, ...(system && { system }), ...(tools && { tools }) };
      return (await client.messages.countTokens(body, { maxRetries: 0 })).input_tokens;
    },
    async models() {
      const ids: string[] = [];
      for await (const { id } of client.models.list({ limit: 1 })) ids.push(id);
      return ids;
    },
  };
}

function failure(error: unknown): Failure {
  if (!(error instanceof Anthropic.APIError || error instanceof Anthropic2023.APIError)) {
    return { status: undefined, message: String(error) };
  }
  // `as` because the class leaves its type of status open.
  return { status: error.status as number | undefined, message: error.message };
}

function params(ask: Ask): Anthropic.MessageCreateParamsNonStreaming {
  const { model, tools, toolChoice } = ask;
  return {
    model,
    max_tokens: ask.maxTokens ?? MAX_TOKENS_DEFAULT + (ask.reasoning ? THINKING_TOKENS : 0),
    messages: ask.turns.map(messageOf),
    ...(ask.system !== undefined && { system: ask.system }),
    ...(tools && {
      tools: tools.map(({ name, description, parameters }) => ({
        name,
        description,
        // `as` because zod's type of a schema does not say that an object's has type "object".
        input_schema: z.toJSONSchema(parameters) as Anthropic.Tool.InputSchema,
        strict: true,
      })),
    }),
    ...(toolChoice !== undefined && { tool_choice: choiceOf(toolChoice) }),
    ...(ask.schema && { output_config: { format: zodOutputFormat(ask.schema) } }),
    ...(ask.stop && { stop_sequences: [...ask.stop] }),
    ...(ask.reasoning && {
      thinking: { type: 'enabled' as const, budget_tokens: THINKING_TOKENS },
    }),
  };
}

function choiceOf(choice: NonNullable<Ask['toolChoice']>): Anthropic.ToolChoice {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : choice };
}

function messageOf(turn: Turn): Anthropic.MessageParam {
  if (turn.role === 'results') {
    return {
      role: 'user',
      content: turn.results.map(({ call, text }) => ({
        type: 'tool_result',
        tool_use_id: call.id,
        content: text,
      })),
    };
  }
  if (turn.role === 'answer') {
    // `as` because it is what this client gave back itself.
    return { role: 'assistant', content: turn.answer.native as Anthropic.ContentBlock[] };
  }
  if (turn.role !== 'user' || turn.pictures === undefined) {
    return { role: turn.role, content: turn.text };
  }
  const pictures = turn.pictures.map((data) => ({
    type: 'image' as const,
    source: { type: 'base64' as const, media_type: 'image/png' as const, data },
  }));
  return { role: 'user', content: [{ type: 'text', text: turn.text }, ...pictures] };
}

/** Anthropic counts what was in the cache apart. */
function inputOf(usage: Anthropic.Usage): number {
  const { cache_read_input_tokens: read, cache_creation_input_tokens: written } = usage;
  return usage.input_tokens + (read ?? 0) + (written ?? 0);
}

function answerOf(message: Anthropic.Message): Answer {
  const { content, usage } = message;
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    reasoning: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
    ),
    finish: message.stop_reason ?? '',
    usage: { input: inputOf(usage), output: usage.output_tokens },
    native: content,
  };
}
