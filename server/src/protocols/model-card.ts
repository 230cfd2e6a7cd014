// What the catalogue tells of a model beside what a protocol's own shape has room for: the same fields in both shapes.
// Clients of OpenAI and Anthropic leave alone what they don't know.

import { CAPABILITIES, type Capability } from '../domain/generation/capabilities.ts';
import { USAGE_BUCKETS, type UsageBucket } from '../domain/generation/usage.ts';
import { formatAmount } from '../domain/money/nano.ts';
import type { ModelFacts } from './protocol.ts';

const PRICE_NAMES: { readonly [bucket in UsageBucket]: string } = {
  input: 'input',
  cacheRead: 'cache_read',
  cacheWrite5m: 'cache_write_5m',
  cacheWrite1h: 'cache_write_1h',
  output: 'output',
  reasoning: 'reasoning',
};

export function modelCard({
  contextTokensMax,
  outputTokensMax,
  capabilities: can,
  stage,
  price,
}: ModelFacts): object {
  const media = [...(can.images ? ['image'] : []), ...(can.documents ? ['file'] : [])];
  const perMillion: { [name: string]: string } = {};
  for (const bucket of USAGE_BUCKETS) {
    perMillion[PRICE_NAMES[bucket]] = formatAmount(price.perMillion[bucket]);
  }
  return {
    context_window: contextTokensMax,
    max_output_tokens: outputTokensMax,
    input_modalities: ['text', ...media],
    output_modalities: ['text'],
    features: Object.fromEntries(
      // What is promised is checked too.
      CAPABILITIES.map((capability) => [wireName(capability), can[capability] !== false]),
    ),
    stage,
    price: {
      currency: 'USD',
      per_tokens: 1_000_000,
      version: price.version,
      ...perMillion,
    },
  };
}

/** `strictTools` → `strict_tools`. */
function wireName(capability: Capability): string {
  return capability.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
