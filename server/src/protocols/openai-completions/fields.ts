// What clients of legacy completions call the fields of the hub.

import type { WireFields } from '../wire-fields.ts';

export const FIELDS: WireFields = {
  conversation: 'prompt',
  names: {
    logprobs: 'logprobs',
    outputTokensMax: 'max_tokens',
    rawPrompts: 'prompt',
    'sampling.frequencyPenalty': 'frequency_penalty',
    'sampling.logitBias': 'logit_bias',
    'sampling.presencePenalty': 'presence_penalty',
    'sampling.seed': 'seed',
    'sampling.stop': 'stop',
    'sampling.temperature': 'temperature',
    'sampling.topP': 'top_p',
  },
  inTool: {},
};
