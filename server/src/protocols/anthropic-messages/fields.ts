// What clients of Messages call the fields of the hub.

import type { WireFields } from '../wire-fields.ts';

export const FIELDS: WireFields = {
  conversation: 'messages',
  names: {
    output: 'output_config.format',
    'output.schema': 'output_config.format.schema',
    outputTokensMax: 'max_tokens',
    parallelToolCalls: 'tool_choice.disable_parallel_tool_use',
    reasoningEffort: 'output_config.effort',
    'sampling.stop': 'stop_sequences',
    'sampling.temperature': 'temperature',
    'sampling.topK': 'top_k',
    'sampling.topP': 'top_p',
    toolChoice: 'tool_choice',
  },
  inTool: { parameters: 'input_schema' },
};
