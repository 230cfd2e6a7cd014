// A Generation as the JSON body of a Chat Completions request.

import type { Ticket } from '../../domain/admission/ticket.ts';
import type { Generation, OutputFormat, Tool } from '../../domain/generation/generation.ts';
import { messagesOf } from './messages.ts';
import type { OpenAiCompatibleOptions } from './options.ts';

/** `JSON.stringify` leaves out what is undefined, so absent stays absent: the engine's own default. */
export function requestBody(ticket: Ticket, options: OpenAiCompatibleOptions): string {
  const { generation } = ticket;
  const { sampling } = generation;
  const limit = Math.min(
    ticket.outputTokensMax,
    generation.outputTokensMax ?? ticket.outputTokensMax,
  );
  const newName = options.outputLimitField === 'max_completion_tokens';
  const streams = generation.delivery === 'stream';
  return JSON.stringify({
    model: ticket.engineModel,
    messages: messagesOf(generation.items, options),
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
    stop: sampling.stop.length > 0 ? sampling.stop : undefined,
    reasoning_effort: generation.reasoningEffort,
    response_format:
      generation.output.kind === 'text' ? undefined : responseFormat(generation.output),
    ...(generation.tools.length > 0 ? toolFields(generation) : undefined),
  });
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

function toolFields(generation: Generation): object {
  const { toolChoice } = generation;
  return {
    tools: generation.tools.map(toolOf),
    tool_choice:
      toolChoice.kind === 'tool'
        ? { type: 'function', function: { name: toolChoice.name } }
        : toolChoice.kind,
    // True is every server's default, and some refuse the field.
    parallel_tool_calls: generation.parallelToolCalls ? undefined : false,
  };
}

function toolOf(tool: Tool): object {
  const { name, description, parameters } = tool;
  return {
    type: 'function',
    function: { name, description, parameters, strict: tool.strict ? true : undefined },
  };
}
