// How long a prompt is, where nobody can count it: by its bytes, from what the tokenizers in use make of prose, code and
// other scripts. An estimate and nothing else: no price, no hold and no refusal may rest on it.

import { mediaIn } from './capabilities.ts';
import { itemText, type Generation } from './generation.ts';

/** Of English and of code, a token has about so many characters. */
const CHARACTERS_A_TOKEN = 4;
/** Han, kana and hangul take about a token for each character: three bytes of UTF-8, so two more than it has units. */
const TOKENS_PER_FURTHER_BYTE = 0.375;
/** What a chat template puts around a message. */
const TOKENS_AROUND_ITEM = 4;
/** Most models spend some hundreds on an image, and on a page. */
const MEDIA_TOKENS = 765;

export function estimateTokens(generation: Generation): number {
  const { items, rawPrompts = [], tools, toolChoice } = generation;
  let tokens = 0;
  for (const item of items) tokens += tokensIn(itemText(item)) + TOKENS_AROUND_ITEM;
  for (const prompt of rawPrompts) {
    tokens += typeof prompt === 'string' ? tokensIn(prompt) : prompt.length;
  }
  if (tools.length > 0 && toolChoice.kind !== 'none') tokens += tokensIn(JSON.stringify(tools));
  tokens += MEDIA_TOKENS * mediaIn(items).length;
  return Math.max(1, Math.round(tokens));
}

function tokensIn(text: string): number {
  const furtherBytes = Buffer.byteLength(text) - text.length;
  return text.length / CHARACTERS_A_TOKEN + furtherBytes * TOKENS_PER_FURTHER_BYTE;
}
