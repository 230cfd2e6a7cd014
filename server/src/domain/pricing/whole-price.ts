// A price from what people give of it: what is not named costs what it would be counted as without a bucket of its own.

import { nano, type Nano } from '../money/nano.ts';
import type { ModelPrice, PriceItem } from './price-book.ts';

export type GivenPrice = { readonly input: Nano; readonly output: Nano } & {
  readonly [item in Exclude<PriceItem, 'input' | 'output'>]?: Nano | undefined;
};

export function wholePrice(given: GivenPrice): ModelPrice {
  const { input, output } = given;
  return {
    input,
    cacheRead: given.cacheRead ?? input,
    cacheWrite5m: given.cacheWrite5m ?? input,
    cacheWrite1h: given.cacheWrite1h ?? input,
    imageInput: given.imageInput ?? input,
    audioInput: given.audioInput ?? input,
    output,
    reasoning: given.reasoning ?? output,
    imageOutput: given.imageOutput ?? output,
    audioOutput: given.audioOutput ?? output,
    toolCalls: given.toolCalls ?? nano(0n),
    request: given.request ?? nano(0n),
  };
}
