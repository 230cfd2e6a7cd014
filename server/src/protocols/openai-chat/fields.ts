// What clients of Chat Completions call the fields of the hub.

import type { WireFields } from '../wire-fields.ts';

export const FIELDS: WireFields = {
  conversation: 'messages',
  names: {
    output: 'response_format',
    'output.schema': 'response_format.json_schema.schema',
    logprobs: 'logprobs',
    outputTokensMax: 'max_completion_tokens',
    parallelToolCalls: 'parallel_tool_calls',
    reasoningEffort: 'reasoning_effort',
    'sampling.frequencyPenalty': 'frequency_penalty',
    'sampling.logitBias': 'logit_bias',
    'sampling.presencePenalty': 'presence_penalty',
    'sampling.seed': 'seed',
    'sampling.stop': 'stop',
    'sampling.temperature': 'temperature',
    'sampling.topP': 'top_p',
    toolChoice: 'tool_choice',
  },
  // Where a tool's fields stand depends on its kind, see tools.ts.
  inTool: {},
};
