// What a turn cost, from the tokens that the answer reports and the model's price: exact, rounded once (half up),
// as the server bills it.

import type { Price } from '@turnpike/contract/models.ts';
import { moneyOf, type Money } from '@turnpike/contract/money.ts';
import type { CompletionUsage } from 'openai/resources/completions';

const TOKENS_PER_PRICE = 1_000_000n;

export type TurnTokens = {
  readonly input: number;
  readonly cacheRead: number;
  readonly output: number;
  readonly reasoning: number;
};

/** OpenAI counts cached tokens within the input and reasoning within the output; here no token is in two buckets. */
export function tokensOf(usage: CompletionUsage): TurnTokens {
  const cacheRead = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0;
  return {
    input: usage.prompt_tokens - cacheRead,
    cacheRead,
    output: usage.completion_tokens - reasoning,
    reasoning,
  };
}

export function priceOf(tokens: TurnTokens, { perMillionTokens, perMillionCalls }: Price): Money {
  const exact =
    BigInt(perMillionCalls.request.nano) +
    BigInt(tokens.input) * BigInt(perMillionTokens.input.nano) +
    BigInt(tokens.cacheRead) * BigInt(perMillionTokens.cacheRead.nano) +
    BigInt(tokens.output) * BigInt(perMillionTokens.output.nano) +
    BigInt(tokens.reasoning) * BigInt(perMillionTokens.reasoning.nano);
  return moneyOf((exact + TOKENS_PER_PRICE / 2n) / TOKENS_PER_PRICE);
}
