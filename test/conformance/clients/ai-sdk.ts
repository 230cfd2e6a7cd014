// Vercel's AI SDK with each of its providers that speaks one of the three protocols.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenResponses } from '@ai-sdk/open-responses';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  embedMany,
  generateText,
  isStepCount,
  Output,
  RetryError,
  streamText,
  tool,
  type LanguageModel,
  type ModelMessage,
  type ToolSet,
} from 'ai';
import type { Answer, Ask, Client, Failure, Inability, Target, Turn } from './client.ts';

const STEPS_MAX = 4;

export function aiSdk({ origin, key }: Target): readonly Client[] {
  const at = { baseURL: `${origin}/v1`, apiKey: key };
  const openai = createOpenAI(at);
  const compatible = createOpenAICompatible({
    ...at,
    name: 'turnpike',
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  const messages = createAnthropic(at);
  const open = createOpenResponses({ ...at, name: 'turnpike', url: `${origin}/v1/responses` });
  return [
    // Its Chat provider has no place for reasoning: OpenAI's own models never show it there.
    clientOf('ai openai.chat', 'chat', ['reasoning-text', 'stored'], (model) => openai.chat(model)),
    clientOf('ai openai-compatible', 'chat', ['stored'], (model) => compatible(model)),
    {
      ...clientOf('ai openai', 'responses', ['stop', 'reasoning-text'], (model) => openai(model)),
      async embed(model, texts) {
        const asked = { model: openai.embedding(model), values: [...texts], maxRetries: 0 };
        return (await embedMany(asked)).embeddings;
      },
    },
    clientOf('ai open-responses', 'responses', ['stop', 'stored'], (model) => open(model)),
    clientOf('ai anthropic', 'messages', ['stored'], (model) => messages(model)),
  ];
}

function clientOf(
  name: string,
  protocol: Client['protocol'],
  cannot: readonly Inability[],
  modelOf: (model: string) => LanguageModel,
): Client {
  const askUntil = (ask: Ask, tools: ToolSet, stepsMax: number): Promise<Answer> => {
    const settings = { ...settingsOf(ask), model: modelOf(ask.model), tools };
    const stopWhen = isStepCount(stepsMax);
    return ask.stream
      ? streamed({ ...settings, stopWhen }, ask)
      : whole({ ...settings, stopWhen }, ask);
  };
  return {
    name,
    protocol,
    cannot,
    ask: (ask) => askUntil(ask, toolsOf(ask), 1),
    loop: (ask, run) => askUntil(ask, toolsOf(ask, run), STEPS_MAX),
    failure,
  };
}

type Settings = ReturnType<typeof settingsOf> & {
  readonly model: LanguageModel;
  readonly tools: ToolSet;
  readonly stopWhen: ReturnType<typeof isStepCount>;
};

async function whole(settings: Settings, ask: Ask): Promise<Answer> {
  const result = await (ask.schema === undefined
    ? generateText(settings)
    : generateText({ ...settings, output: Output.object({ schema: ask.schema }) }));
  return {
    text: result.text,
    reasoning: result.finalStep.reasoningText ?? '',
    calls: result.toolCalls.map(callOf),
    finish: result.finishReason,
    usage: usageOf(result.usage),
    ...(ask.schema && { parsed: result.output }),
    id: result.finalStep.response.id,
    native: result.finalStep.response.messages,
  };
}

async function streamed(settings: Settings, ask: Ask): Promise<Answer> {
  let failed: unknown;
  const watched = { ...settings, onError: ({ error }: { error: unknown }) => (failed ??= error) };
  const result =
    ask.schema === undefined
      ? streamText(watched)
      : streamText({ ...watched, output: Output.object({ schema: ask.schema }) });
  for await (const text of result.textStream) if (text !== '') ask.onText?.();
  ask.signal?.throwIfAborted();
  // The library's promises say only that nothing came; what went wrong was told to onError.
  if (failed !== undefined) {
    throw failed instanceof Error ? failed : new Error(`not an error: ${typeof failed}`);
  }
  const last = await result.finalStep;
  return {
    text: await result.text,
    reasoning: last.reasoningText ?? '',
    calls: (await result.toolCalls).map(callOf),
    finish: await result.finishReason,
    usage: usageOf(await result.usage),
    ...(ask.schema && { parsed: await result.output }),
    id: last.response.id,
    native: last.response.messages,
  };
}

function settingsOf(ask: Ask) {
  const { toolChoice } = ask;
  return {
    messages: messagesOf(ask.turns),
    maxRetries: ask.retries ?? 0,
    allowSystemInMessages: true,
    ...(ask.system !== undefined && { instructions: ask.system }),
    ...(ask.signal && { abortSignal: ask.signal }),
    ...(ask.stop && { stopSequences: [...ask.stop] }),
    ...(ask.maxTokens !== undefined && { maxOutputTokens: ask.maxTokens }),
    ...(ask.reasoning && { providerOptions: REASONING }),
    ...(ask.after && {
      providerOptions: { openai: { previousResponseId: ask.after.id ?? '' } },
    }),
    ...(toolChoice !== undefined && {
      toolChoice:
        typeof toolChoice === 'string'
          ? toolChoice
          : { type: 'tool' as const, toolName: toolChoice.name },
    }),
  };
}

const REASONING = {
  openai: { reasoningEffort: 'low', forceReasoning: true },
  anthropic: { thinking: { type: 'enabled', budgetTokens: 1_024 } },
};

function toolsOf(ask: Ask, run?: (name: string, input: unknown) => string): ToolSet {
  return Object.fromEntries(
    (ask.tools ?? []).map(({ name, description, parameters }) => {
      const about = { description, inputSchema: parameters };
      if (run === undefined) return [name, tool(about)];
      return [name, tool({ ...about, execute: (input) => run(name, input) })];
    }),
  );
}

/** All results of one turn are one message. */
function messagesOf(turns: readonly Turn[]): ModelMessage[] {
  return turns.flatMap((turn): ModelMessage[] => {
    if (turn.role === 'results') {
      const content = turn.results.map(({ call, text }) => ({
        type: 'tool-result' as const,
        toolCallId: call.id,
        toolName: call.name,
        output: { type: 'text' as const, value: text },
      }));
      return [{ role: 'tool', content }];
    }
    // `as` because it is what this library gave back itself.
    if (turn.role === 'answer') return turn.answer.native as ModelMessage[];
    if (turn.role !== 'user' || turn.pictures === undefined) {
      return [{ role: turn.role, content: turn.text }];
    }
    const pictures = turn.pictures.map((data) => ({
      type: 'file' as const,
      mediaType: 'image/png',
      data,
    }));
    return [{ role: 'user', content: [{ type: 'text', text: turn.text }, ...pictures] }];
  });
}

type LibraryCall = {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
};

function callOf({ toolCallId, toolName, input }: LibraryCall) {
  return { id: toolCallId, name: toolName, input };
}

type LibraryUsage = {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
};

function usageOf({ inputTokens, outputTokens }: LibraryUsage): Answer['usage'] {
  return { input: inputTokens ?? 0, output: outputTokens ?? 0 };
}

function failure(error: unknown): Failure {
  const last = RetryError.isInstance(error) ? error.lastError : error;
  if (!APICallError.isInstance(last)) return { status: undefined, message: String(last) };
  return { status: last.statusCode, message: last.message };
}
