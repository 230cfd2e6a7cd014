// A Generation as the JSON body of a Chat Completions request.

import type { Ticket } from '../../domain/admission/ticket.ts';
import { asFunction } from '../../domain/generation/custom-tools.ts';
import type {
  CustomTool,
  Generation,
  OutputFormat,
  TokenBias,
  Tool,
} from '../../domain/generation/generation.ts';
import { jsonBytes } from '../../lib/json-slices.ts';
import { messagesOf } from './messages.ts';
import type { OpenAiCompatibleOptions } from './options.ts';

/** JSON leaves out what is undefined, so absent stays absent: the engine's own default. */
export function requestBody(ticket: Ticket, options: OpenAiCompatibleOptions): string {
  return JSON.stringify(bodyOf(ticket, options));
}

/** The same in bytes, of a request that takes long to write. */
export async function largeRequestBody(
  ticket: Ticket,
  options: OpenAiCompatibleOptions,
): Promise<Buffer> {
  return await jsonBytes(bodyOf(ticket, options));
}

function bodyOf(ticket: Ticket, options: OpenAiCompatibleOptions): object {
  const { generation } = ticket;
  const { sampling } = generation;
  const limit = Math.min(
    ticket.outputTokensMax,
    generation.outputTokensMax ?? ticket.outputTokensMax,
  );
  const [raw] = generation.rawPrompts ?? [];
  const newName = raw === undefined && options.outputLimitField === 'max_completion_tokens';
  const streams = generation.delivery === 'stream';
  return {
    model: ticket.engineModel,
    messages: raw === undefined ? messagesOf(generation.items, options) : undefined,
    prompt: raw,
    max_tokens: newName ? undefined : limit,
    max_completion_tokens: newName ? limit : undefined,
    stream: streams,
    stream_options: streams ? streamOptions(options) : undefined,
    timings_per_token: streams && options.runningUsage === 'timings-per-token' ? true : undefined,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    // Not OpenAI's, but vLLM, SGLang, llama-server and Ollama know it.
    top_k: sampling.topK,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
    seed: sampling.seed,
    logit_bias: sampling.logitBias ? biasesOf(sampling.logitBias) : undefined,
    ...(generation.logprobs && logprobFields(generation.logprobs.top, raw !== undefined)),
    stop: sampling.stop.length > 0 ? sampling.stop : undefined,
    reasoning_effort: generation.reasoningEffort,
    response_format:
      generation.output.kind === 'text' ? undefined : responseFormat(generation.output),
    ...(generation.tools.length > 0 ? toolFields(generation, options) : undefined),
  };
}

/** Where there is no chat, the number stands where the wish does. */
function logprobFields(top: number, isRaw: boolean): object {
  return isRaw ? { logprobs: top } : { logprobs: true, top_logprobs: top };
}

function biasesOf(biases: readonly TokenBias[]): object {
  return Object.fromEntries(biases.map(({ token, bias }) => [token, bias]));
}

function streamOptions(options: OpenAiCompatibleOptions): object {
  const continuous = options.runningUsage === 'continuous-usage-stats';
  return continuous
    ? { include_usage: true, continuous_usage_stats: true }
    : { include_usage: true };
}

function responseFormat(output: Exclude<OutputFormat, { kind: 'text' }>): object {
  if (output.kind === 'json-object') return { type: 'json_object' };
  const { name, schema, strict } = output;
  return { type: 'json_schema', json_schema: { name, schema, strict } };
}

export function wireTools(
  { tools }: Generation,
  { customTools = false }: OpenAiCompatibleOptions,
): readonly object[] {
  return tools.map((tool) => toolOf(tool, customTools));
}

function toolFields(generation: Generation, options: OpenAiCompatibleOptions): object {
  const { tools, toolChoice, parallelToolCalls } = generation;
  const { customTools = false } = options;
  return {
    tools: wireTools(generation, options),
    tool_choice:
      toolChoice.kind === 'tool' ? choiceOf(toolChoice.name, tools, customTools) : toolChoice.kind,
    // True is every server's default, and some refuse the field.
    parallel_tool_calls: parallelToolCalls ? undefined : false,
  };
}

function choiceOf(name: string, tools: readonly Tool[], customTools: boolean): object {
  const tool = tools.find((candidate) => candidate.name === name);
  const isCustom = customTools && tool?.kind === 'custom';
  return isCustom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } };
}

function toolOf(tool: Tool, customTools: boolean): object {
  if (tool.kind === 'custom' && customTools) return customToolOf(tool);
  const { name, description, parameters, strict } =
    tool.kind === 'custom' ? asFunction(tool) : tool;
  return {
    type: 'function',
    function: { name, description, parameters, strict: strict ? true : undefined },
  };
}

function customToolOf({ name, description, format }: CustomTool): object {
  if (format.kind === 'text') return { type: 'custom', custom: { name, description } };
  const { syntax, definition } = format;
  const grammar = { type: 'grammar', grammar: { syntax, definition } };
  return { type: 'custom', custom: { name, description, format: grammar } };
}
