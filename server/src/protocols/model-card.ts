// What the catalogue tells of a model beside what a protocol's own shape has room for: the same fields in both shapes.
// Clients of OpenAI and Anthropic leave alone what they don't know.

import { CAPABILITIES, type Capability } from '../domain/generation/capabilities.ts';
import { formatAmount } from '../domain/money/nano.ts';
import { PRICE_ITEMS, type PriceItem } from '../domain/pricing/price-book.ts';
import type { ModelFacts } from './protocol.ts';

const PRICE_NAMES: { readonly [bucket in PriceItem]: string } = {
  input: 'input',
  cacheRead: 'cache_read',
  cacheWrite5m: 'cache_write_5m',
  cacheWrite1h: 'cache_write_1h',
  imageInput: 'image_input',
  audioInput: 'audio_input',
  output: 'output',
  reasoning: 'reasoning',
  imageOutput: 'image_output',
  audioOutput: 'audio_output',
  toolCalls: 'tool_calls',
  request: 'requests',
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
  for (const item of PRICE_ITEMS) {
    perMillion[PRICE_NAMES[item]] = formatAmount(price.perMillion[item]);
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
