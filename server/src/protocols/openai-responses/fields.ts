// What clients of Responses call the fields of the hub.

import type { WireFields } from '../wire-fields.ts';

export const FIELDS: WireFields = {
  conversation: 'input',
  names: {
    output: 'text.format',
    'output.schema': 'text.format.schema',
    outputTokensMax: 'max_output_tokens',
    parallelToolCalls: 'parallel_tool_calls',
    reasoningEffort: 'reasoning.effort',
    'sampling.frequencyPenalty': 'frequency_penalty',
    'sampling.presencePenalty': 'presence_penalty',
    'sampling.temperature': 'temperature',
    'sampling.topP': 'top_p',
    toolChoice: 'tool_choice',
  },
  // A tool's own fields are called there what they are called in the hub.
  inTool: {},
};
