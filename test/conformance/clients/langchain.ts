// LangChain's models: ChatOpenAI on both of OpenAI's protocols, and ChatAnthropic.

import { ChatAnthropic } from '@langchain/anthropic';
import {
  AIMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type AIMessageChunk,
  type BaseMessage,
} from '@langchain/core/messages';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';
import type { Answer, Ask, Client, Failure, Inability, Target, Turn } from './client.ts';

type Model = ChatOpenAI | ChatAnthropic;

export function langchain({ origin, key }: Target): readonly Client[] {
  const openai = (ask: Ask, useResponsesApi: boolean): Model =>
    new ChatOpenAI({
      model: ask.model,
      apiKey: key,
      configuration: { baseURL: `${origin}/v1` },
      useResponsesApi,
      maxRetries: ask.retries ?? 0,
      ...(ask.maxTokens !== undefined && { maxTokens: ask.maxTokens }),
      ...(ask.reasoning && { reasoning: { effort: 'low' as const } }),
    });
  const anthropic = (ask: Ask): Model =>
    new ChatAnthropic({
      model: ask.model,
      apiKey: key,
      anthropicApiUrl: origin,
      maxRetries: ask.retries ?? 0,
      maxTokens: ask.maxTokens ?? 2_048,
      ...(ask.reasoning && { thinking: { type: 'enabled' as const, budget_tokens: 1_024 } }),
    });
  return [
    {
      ...clientOf('langchain chat', 'chat', ['reasoning-text', 'stored'], (ask) =>
        openai(ask, false),
      ),
      embed: (model, texts) =>
        new OpenAIEmbeddings({
          model,
          apiKey: key,
          configuration: { baseURL: `${origin}/v1` },
        }).embedDocuments([...texts]),
    },
    clientOf(
      'langchain responses',
      'responses',
      ['reasoning-text', 'stop', 'stored', 'tool-choice-words'],
      (ask) => openai(ask, true),
    ),
    clientOf('langchain messages', 'messages', ['streams-usage', 'stored'], anthropic),
  ];
}

function clientOf(
  name: string,
  protocol: Client['protocol'],
  cannot: readonly Inability[],
  modelOf: (ask: Ask) => Model,
): Client {
  return {
    name,
    protocol,
    cannot,
    async ask(ask) {
      const messages = messagesOf(ask);
      const model = modelOf(ask);
      if (ask.schema !== undefined) {
        const strict = protocol !== 'messages'; // its Anthropic model takes the word for tools only
        return await structured(model, ask, strict, messages);
      }
      const options = optionsOf(ask, protocol);
      if (!ask.stream) return answerOf(await model.invoke(messages, options));
      let all: AIMessageChunk | undefined;
      for await (const chunk of await model.stream(messages, options)) {
        if (chunk.text !== '') ask.onText?.();
        all = all === undefined ? chunk : all.concat(chunk);
      }
      ask.signal?.throwIfAborted();
      if (all === undefined) throw new Error('the stream was empty');
      return answerOf(all);
    },
    failure,
  };
}

async function structured(
  model: Model,
  ask: Ask,
  strict: boolean,
  messages: BaseMessage[],
): Promise<Answer> {
  const method = { method: 'jsonSchema', includeRaw: true } as const;
  const settings = strict ? { ...method, strict } : method;
  // `as` because each model has its own type for the same two members.
  const asked = model.withStructuredOutput(ask.schema ?? z.object({}), settings) as unknown as {
    invoke(messages: BaseMessage[]): Promise<{ raw: AIMessage; parsed: unknown }>;
    stream(messages: BaseMessage[]): Promise<AsyncIterable<{ raw?: AIMessage; parsed?: unknown }>>;
  };
  if (!ask.stream) {
    const { raw, parsed } = await asked.invoke(messages);
    return { ...answerOf(raw), parsed };
  }
  let parsed: unknown;
  for await (const step of await asked.stream(messages)) parsed = step.parsed ?? parsed;
  const usage = { input: 1, output: 1 };
  return { text: '', reasoning: '', calls: [], finish: 'stop', usage, parsed, native: [] };
}

function optionsOf(ask: Ask, protocol: Client['protocol']): object {
  const { tools, toolChoice, stop, signal } = ask;
  return {
    ...(signal && { signal }),
    ...(stop && { stop: [...stop] }),
    ...(tools && {
      tools: tools.map(({ name, description, parameters }) => ({
        type: 'function',
        function: { name, description, parameters: z.toJSONSchema(parameters) },
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice:
        typeof toolChoice === 'string' ? choiceOf(toolChoice, protocol) : toolChoice.name,
    }),
  };
}

/** Anthropic's word is another one. */
function choiceOf(choice: string, protocol: Client['protocol']): string {
  return choice === 'required' && protocol === 'messages' ? 'any' : choice;
}

function messagesOf({ system, turns }: Ask): BaseMessage[] {
  const first = system === undefined ? [] : [new SystemMessage(system)];
  return [...first, ...turns.flatMap(messageOf)];
}

function messageOf(turn: Turn): BaseMessage[] {
  switch (turn.role) {
    case 'results':
      return turn.results.map(
        ({ call, text }) => new ToolMessage({ tool_call_id: call.id, content: text }),
      );
    case 'answer':
      // `as` because it is what this library gave back itself.
      return [turn.answer.native as BaseMessage];
    case 'user':
      return [
        new HumanMessage(turn.pictures === undefined ? turn.text : { content: partsOf(turn) }),
      ];
    case 'system':
      return [new SystemMessage(turn.text)];
    case 'assistant':
      return [new AIMessage(turn.text)];
  }
}

function partsOf({ text, pictures = [] }: Turn & { readonly role: 'user' }) {
  const images = pictures.map((data) => ({
    type: 'image_url' as const,
    image_url: { url: `data:image/png;base64,${data}` },
  }));
  return [{ type: 'text' as const, text }, ...images];
}

function answerOf(message: AIMessage | AIMessageChunk): Answer {
  const { usage_metadata: usage, response_metadata: facts } = message;
  const blocks = Array.isArray(message.content) ? message.content : [];
  return {
    text: message.text,
    reasoning: blocks
      .map((block) => (block.type === 'thinking' ? String(block['thinking']) : ''))
      .join(''),
    calls: (message.tool_calls ?? []).map(({ id = '', name, args }) => ({ id, name, input: args })),
    finish: finishOf({ ...message.additional_kwargs, ...facts }),
    usage: { input: usage?.input_tokens ?? 0, output: usage?.output_tokens ?? 0 },
    native: message,
  };
}

/** Each of its models keeps the reason in another place. */
function finishOf(facts: { readonly [name: string]: unknown }): string {
  const details = facts['incomplete_details'];
  if (typeof details === 'object' && details !== null && 'reason' in details) {
    return String(details.reason);
  }
  const found = facts['finish_reason'] ?? facts['stop_reason'] ?? facts['status'];
  return typeof found === 'string' ? found : '';
}

function failure(error: unknown): Failure {
  const message = String(error);
  const status = typeof error === 'object' && error !== null && 'status' in error && error.status;
  if (typeof status === 'number') return { status, message };
  // Its own classes keep the status in the text only.
  const [, told] = /^\w+: (\d{3}) /.exec(message) ?? [];
  return { status: told === undefined ? undefined : Number(told), message };
}
