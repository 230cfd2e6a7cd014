// The columns of prices and of usage, by what they are of.

import { USAGE_BUCKETS } from '../../domain/generation/usage.ts';
import type { PriceItem } from '../../domain/pricing/price-book.ts';

export const COLUMNS: { readonly [item in PriceItem]: string } = {
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
  request: 'request',
};

const USED = USAGE_BUCKETS.map((bucket) => `u.${COLUMNS[bucket]}`);

/**
 * What usage `u` costs at price `p`, as costOf() computes it: exact, rounded half up once, and nothing where nothing was
 * counted.
 */
export const COST_SQL = `CASE WHEN ${USED.join(' + ')} = 0 THEN 0 ELSE floor((p.request::numeric + ${USAGE_BUCKETS.map(
  (bucket) => `u.${COLUMNS[bucket]}::numeric * p.${COLUMNS[bucket]}`,
).join(' + ')} + 500000) / 1000000) END`;
