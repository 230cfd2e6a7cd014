// Prices as the configuration file has them: dollars per million tokens as people write them, and of calls each.

import { nano, parseDollars, type Nano } from '../domain/money/nano.ts';
import type { ModelPrice, PriceItem } from '../domain/pricing/price-book.ts';
import { wholePrice } from '../domain/pricing/whole-price.ts';

/** Of a million calls it is still an amount that PostgreSQL stores. */
const EACH_NANO_MAX = 1_000_000_000_000n;
const PER_MILLION_NANO_MAX = 1_000_000_000_000_000_000n;

export type ConfiguredPrice = { readonly input: string } & {
  readonly [item in PriceItem]?: string | undefined;
};

export function isPrice(text: string): boolean {
  return isAtMost(text, PER_MILLION_NANO_MAX);
}

export function isEachPrice(text: string): boolean {
  return isAtMost(text, EACH_NANO_MAX);
}

function isAtMost(text: string, most: bigint): boolean {
  const amount = parseDollars(text);
  return amount !== undefined && amount >= 0n && amount <= most;
}

export function priceAsConfigured(given: ConfiguredPrice): ModelPrice {
  const { toolCalls, request, ...tokens } = given;
  return wholePrice({
    input: amountOf(tokens.input) ?? nano(0n),
    output: amountOf(tokens.output) ?? nano(0n),
    cacheRead: amountOf(tokens.cacheRead),
    cacheWrite5m: amountOf(tokens.cacheWrite5m),
    cacheWrite1h: amountOf(tokens.cacheWrite1h),
    reasoning: amountOf(tokens.reasoning),
    imageInput: amountOf(tokens.imageInput),
    audioInput: amountOf(tokens.audioInput),
    imageOutput: amountOf(tokens.imageOutput),
    audioOutput: amountOf(tokens.audioOutput),
    toolCalls: ofAMillion(amountOf(toolCalls)),
    request: ofAMillion(amountOf(request)),
  });
}

function amountOf(text: string | undefined): Nano | undefined {
  return text === undefined ? undefined : parseDollars(text);
}

function ofAMillion(each: Nano | undefined): Nano | undefined {
  return each === undefined ? undefined : nano(each * 1_000_000n);
}
