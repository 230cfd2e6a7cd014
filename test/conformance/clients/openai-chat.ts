// The official `openai` client on Chat Completions; streams go through its accumulator, which is strict.

import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import type { Answer, Ask, Call, Client, Failure, Target, Turn } from './client.ts';

type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;

export function openaiChat({ origin, key }: Target): Client {
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: key });
  return {
    name: 'openai chat',
    protocol: 'chat',
    cannot: ['stored'],
    async ask(ask) {
      const options = { maxRetries: ask.retries ?? 0, signal: ask.signal };
      if (!ask.stream) return answerOf(await client.chat.completions.create(params(ask), options));
      const stream = client.chat.completions.stream(
        { ...params(ask), stream: true, stream_options: { include_usage: true } },
        options,
      );
      let reasoning = '';
      stream.on('content.delta', () => ask.onText?.());
      // Its accumulator knows no reasoning, because OpenAI's models never show it here: taken from the chunks.
      stream.on('chunk', ({ choices: [choice] }) => {
        const delta: object = choice?.delta ?? {};
        if ('reasoning' in delta) reasoning += String(delta.reasoning);
      });
      return { ...answerOf(await stream.finalChatCompletion()), reasoning };
    },
    failure: openaiFailure,
    models: () => openaiModels(client),
    async embed(model, texts) {
      const { data } = await client.embeddings.create({ model, input: [...texts] });
      return data.map(({ embedding }) => embedding);
    },
  };
}

export async function openaiModels(client: OpenAI): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of client.models.list()) ids.push(id);
  return ids;
}

export function openaiFailure(error: unknown): Failure {
  if (!(error instanceof OpenAI.APIError)) return { status: undefined, message: String(error) };
  // `as` because the class leaves its type of status open.
  return { status: error.status as number | undefined, message: error.message };
}

/** Strictly: arguments that are no JSON are a failure. */
export function parsed(json: string): unknown {
  return JSON.parse(json);
}

function params(ask: Ask): Params {
  const { model, tools, toolChoice } = ask;
  const system = ask.system === undefined ? [] : [{ role: 'system', content: ask.system } as const];
  return {
    model,
    messages: [...system, ...ask.turns.flatMap(messagesOf)],
    ...(tools && {
      tools: tools.map(({ name, description, parameters }) => ({
        type: 'function' as const,
        function: { name, description, parameters: z.toJSONSchema(parameters), strict: true },
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice:
        typeof toolChoice === 'string'
          ? toolChoice
          : { type: 'function' as const, function: { name: toolChoice.name } },
    }),
    ...(ask.schema && { response_format: zodResponseFormat(ask.schema, 'answer') }),
    ...(ask.stop && { stop: [...ask.stop] }),
    ...(ask.maxTokens !== undefined && { max_completion_tokens: ask.maxTokens }),
    ...(ask.reasoning && { reasoning_effort: 'low' as const }),
  };
}

function messagesOf(turn: Turn): OpenAI.ChatCompletionMessageParam[] {
  if (turn.role === 'results') {
    return turn.results.map(({ call, text }) => ({
      role: 'tool',
      tool_call_id: call.id,
      content: text,
    }));
  }
  // `as` because it is what this client gave back itself.
  if (turn.role === 'answer') return [turn.answer.native as OpenAI.ChatCompletionMessage];
  if (turn.role !== 'user' || turn.pictures === undefined) {
    return [{ role: turn.role, content: turn.text }];
  }
  const pictures = turn.pictures.map((data) => ({
    type: 'image_url' as const,
    image_url: { url: `data:image/png;base64,${data}` },
  }));
  return [{ role: 'user', content: [{ type: 'text', text: turn.text }, ...pictures] }];
}

function answerOf(completion: OpenAI.ChatCompletion): Answer {
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error('no choice');
  const { message } = choice;
  const { usage } = completion;
  return {
    text: message.content ?? '',
    // Not in OpenAI's types: servers of open models put it there.
    reasoning: 'reasoning' in message ? String(message.reasoning) : '',
    calls: (message.tool_calls ?? []).map(callOf),
    finish: choice.finish_reason,
    usage: { input: usage?.prompt_tokens ?? 0, output: usage?.completion_tokens ?? 0 },
    native: message,
  };
}

function callOf(call: OpenAI.ChatCompletionMessageToolCall): Call {
  if (call.type !== 'function') throw new Error(`a ${call.type} call`);
  return { id: call.id, name: call.function.name, input: parsed(call.function.arguments) };
}
