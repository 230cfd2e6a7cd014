// The official `openai` client on Responses; streams go through its accumulator, which is strict.

import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import type { Answer, Ask, Client, Target, Turn } from './client.ts';
import { openaiFailure, openaiModels, parsed } from './openai-chat.ts';

type Response = OpenAI.Responses.Response;
type Params = OpenAI.Responses.ResponseCreateParamsNonStreaming;

export function openaiResponses({ origin, key }: Target): Client {
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: key });
  return {
    name: 'openai responses',
    protocol: 'responses',
    cannot: ['stop'],
    async ask(ask) {
      const options = { maxRetries: ask.retries ?? 0, signal: ask.signal };
      if (!ask.stream) return answerOf(await client.responses.create(params(ask), options));
      const stream = client.responses.stream({ ...params(ask), stream: true }, options);
      stream.on('response.output_text.delta', () => ask.onText?.());
      return answerOf(await stream.finalResponse());
    },
    failure: openaiFailure,
    models: () => openaiModels(client),
  };
}

/** Also of what goes over a WebSocket. */
export function params(ask: Ask): Params {
  const { model, tools, toolChoice } = ask;
  return {
    model,
    store: ask.after !== undefined || ask.keep === true,
    ...(ask.after?.id !== undefined && { previous_response_id: ask.after.id }),
    input: ask.turns.flatMap(itemsOf),
    ...(ask.system !== undefined && { instructions: ask.system }),
    ...(tools && {
      tools: tools.map(({ name, description, parameters }) => ({
        type: 'function' as const,
        name,
        description,
        parameters: z.toJSONSchema(parameters),
        strict: true,
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice:
        typeof toolChoice === 'string'
          ? toolChoice
          : { type: 'function' as const, name: toolChoice.name },
    }),
    ...(ask.schema && { text: { format: zodTextFormat(ask.schema, 'answer') } }),
    ...(ask.maxTokens !== undefined && { max_output_tokens: ask.maxTokens }),
    ...(ask.reasoning && { reasoning: { effort: 'low' as const } }),
  };
}

function itemsOf(turn: Turn): OpenAI.Responses.ResponseInputItem[] {
  if (turn.role === 'results') {
    return turn.results.map(({ call, text }) => ({
      type: 'function_call_output',
      call_id: call.id,
      output: text,
    }));
  }
  if (turn.role === 'answer') {
    // `as` because it is what this client gave back itself; its types of input and output differ in what may be null.
    return turn.answer.native as OpenAI.Responses.ResponseInputItem[];
  }
  if (turn.role !== 'user' || turn.pictures === undefined) {
    return [{ role: turn.role, content: turn.text }];
  }
  const pictures = turn.pictures.map((data) => ({
    type: 'input_image' as const,
    detail: 'auto' as const,
    image_url: `data:image/png;base64,${data}`,
  }));
  return [{ role: 'user', content: [{ type: 'input_text', text: turn.text }, ...pictures] }];
}

export function answerOf(response: Response): Answer {
  if (response.error !== null) throw new Error(response.error.message);
  const { usage, output } = response;
  return {
    text: response.output_text,
    reasoning: output
      .flatMap((item) => (item.type === 'reasoning' ? (item.content ?? []) : []))
      .map(({ text }) => text)
      .join(''),
    calls: output.flatMap((item) =>
      item.type === 'function_call'
        ? [{ id: item.call_id, name: item.name, input: parsed(item.arguments) }]
        : [],
    ),
    finish: response.incomplete_details?.reason ?? response.status ?? '',
    usage: { input: usage?.input_tokens ?? 0, output: usage?.output_tokens ?? 0 },
    id: response.id,
    native: output,
  };
}
