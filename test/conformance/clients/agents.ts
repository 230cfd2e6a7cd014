// OpenAI's Agents SDK on Chat Completions and on Responses. Its agents run the tool loop themselves.

import {
  Agent,
  assistant,
  OpenAIProvider,
  Runner,
  system,
  tool,
  user,
  type AgentInputItem,
} from '@openai/agents';
import OpenAI from 'openai';
import type { Answer, Ask, Client, Inability, Target, Turn } from './client.ts';
import { openaiFailure, parsed } from './openai-chat.ts';

const TURNS_MAX = 4;
const WIRES = ['chat', 'responses', 'websocket'] as const;
type Wire = (typeof WIRES)[number];

/** Stop sequences are no setting of its models; what reasoning is shown stays inside its items. */
const CANNOT: { readonly [wire in Wire]: readonly Inability[] } = {
  chat: ['stop', 'reasoning-text', 'stored'],
  responses: ['stop', 'reasoning-text', 'cut'],
  // A frame has no status.
  websocket: ['stop', 'reasoning-text', 'cut', 'status', 'error-words', 'retry'],
};

export function agents({ origin, key }: Target): readonly Client[] {
  const baseURL = `${origin}/v1`;
  const runnerOf = (wire: Wire, retries: number): Runner => {
    const openAIClient = new OpenAI({ baseURL, apiKey: key, maxRetries: retries });
    const useResponses = wire !== 'chat';
    const modelProvider = new OpenAIProvider({ openAIClient, useResponses });
    return new Runner({ modelProvider, tracingDisabled: true });
  };
  const overSocket = new OpenAIProvider({
    baseURL,
    apiKey: key,
    useResponses: true,
    useResponsesWebSocket: true,
  });
  const socketRunner = new Runner({ modelProvider: overSocket, tracingDisabled: true });
  return WIRES.map((wire) => ({
    name: `agents ${wire}`,
    protocol: wire === 'chat' ? 'chat' : 'responses',
    cannot: CANNOT[wire],
    ask: (ask) => run(wire === 'websocket' ? socketRunner : runnerOf(wire, ask.retries ?? 0), ask),
    loop: (ask, call) =>
      run(wire === 'websocket' ? socketRunner : runnerOf(wire, ask.retries ?? 0), ask, call),
    ...(wire === 'websocket' && { close: () => overSocket.close() }),
    failure: openaiFailure,
  }));
}

async function run(
  runner: Runner,
  ask: Ask,
  call?: (name: string, input: unknown) => string,
): Promise<Answer> {
  const agent = agentOf(ask, call);
  const input = ask.turns.flatMap(itemsOf);
  const previousResponseId = ask.after?.id;
  const options = {
    maxTurns: TURNS_MAX,
    signal: ask.signal,
    ...(previousResponseId !== undefined && { previousResponseId }),
  };
  if (!ask.stream) return answerOf(await runner.run(agent, input, options));
  const result = await runner.run(agent, input, { ...options, stream: true });
  for await (const text of result.toTextStream()) if (text !== '') ask.onText?.();
  await result.completed;
  if (result.error instanceof Error) throw result.error;
  ask.signal?.throwIfAborted();
  return answerOf(result);
}

function agentOf(ask: Ask, call?: (name: string, input: unknown) => string) {
  const { toolChoice } = ask;
  return new Agent({
    name: 'matrix',
    ...(ask.system !== undefined && { instructions: ask.system }),
    model: ask.model,
    modelSettings: {
      ...(ask.maxTokens !== undefined && { maxTokens: ask.maxTokens }),
      ...(ask.reasoning && { reasoning: { effort: 'low' as const } }),
      ...(toolChoice !== undefined && {
        toolChoice: typeof toolChoice === 'string' ? toolChoice : toolChoice.name,
      }),
    },
    tools: (ask.tools ?? []).map(({ name, description, parameters }) =>
      tool({
        name,
        description,
        parameters,
        execute: (input) => call?.(name, input) ?? 'nothing',
      }),
    ),
    // One question, one answer, unless the loop is asked for.
    ...(call === undefined && { toolUseBehavior: 'stop_on_first_tool' as const }),
    ...(ask.schema && { outputType: ask.schema }),
  });
}

function itemsOf(turn: Turn): AgentInputItem[] {
  if (turn.role === 'results') {
    return turn.results.map(({ call, text }) => ({
      type: 'function_call_result',
      name: call.name,
      callId: call.id,
      status: 'completed',
      output: { type: 'text', text },
    }));
  }
  // `as` because it is what this library gave back itself.
  if (turn.role === 'answer') return turn.answer.native as AgentInputItem[];
  if (turn.role === 'user') {
    const pictures = (turn.pictures ?? []).map((data) => ({
      type: 'input_image' as const,
      image: `data:image/png;base64,${data}`,
    }));
    return [user([{ type: 'input_text', text: turn.text }, ...pictures])];
  }
  return [turn.role === 'system' ? system(turn.text) : assistant(turn.text)];
}

type Ran = {
  readonly finalOutput?: unknown;
  readonly output: readonly AgentInputItem[];
  readonly rawResponses: readonly {
    readonly responseId?: string;
    readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
    readonly output: readonly AgentInputItem[];
  }[];
};

function answerOf({ finalOutput, rawResponses }: Ran): Answer {
  const last = rawResponses.at(-1);
  const calls = (last?.output ?? []).flatMap((item) =>
    item.type === 'function_call'
      ? [{ id: item.callId, name: item.name, input: parsed(item.arguments) }]
      : [],
  );
  return {
    text: typeof finalOutput === 'string' && calls.length === 0 ? finalOutput : '',
    reasoning: '',
    calls,
    // The library keeps it to itself.
    finish: calls.length > 0 ? 'tool_calls' : 'stop',
    usage: { input: last?.usage.inputTokens ?? 0, output: last?.usage.outputTokens ?? 0 },
    ...(typeof finalOutput === 'object' && { parsed: finalOutput }),
    id: last?.responseId,
    native: last?.output ?? [],
  };
}
