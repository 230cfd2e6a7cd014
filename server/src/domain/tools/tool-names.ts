// Engines take short, plain tool names; clients have long ones with dots and colons, as MCP servers make them. The
// engine's name depends on the client's alone, so replayed calls and cached prompts fit, whatever else is in a request.

import { hash32 } from '../../lib/hash32.ts';

/** OpenAI's rule, which inference servers have taken over. */
const PLAIN = /^[a-zA-Z0-9_-]{1,64}$/;
const NAME_CHARACTERS_MAX = 64;
const HASH_CHARACTERS = 8;

export function isPlainName(name: string): boolean {
  return PLAIN.test(name);
}

/** A plain name is its own. Any other keeps its beginning, as far as that is plain, and ends with its hash. */
export function engineToolName(name: string): string {
  if (isPlainName(name)) return name;
  const kept = name.slice(0, NAME_CHARACTERS_MAX - HASH_CHARACTERS - 1);
  const hash = hash32(name).toString(16).padStart(HASH_CHARACTERS, '0');
  return `${kept.replaceAll(/[^a-zA-Z0-9_-]/g, '_')}_${hash}`;
}
