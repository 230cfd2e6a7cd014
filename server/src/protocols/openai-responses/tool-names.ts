// Codex groups tools in namespaces; engines know one flat list of names. Each namespaced tool gets a flat name, the
// same for every request, so that replayed calls and cached prompts fit; the answer has its own name again.

import { hash32 } from '../../lib/hash32.ts';

/** A tool as the client calls it. */
export type WireName = { readonly name: string; readonly namespace?: string };

const SEPARATOR = '__';
/** OpenAI's bound, which inference servers have taken over. */
const NAME_CHARACTERS_MAX = 64;
const HASH_CHARACTERS = 8;

export function flatName(namespace: string, name: string): string {
  const joined = namespace.endsWith(SEPARATOR) ? namespace + name : namespace + SEPARATOR + name;
  if (joined.length <= NAME_CHARACTERS_MAX) return joined;
  const kept = joined.slice(0, NAME_CHARACTERS_MAX - HASH_CHARACTERS - 1);
  return `${kept}_${hash32(joined).toString(16).padStart(HASH_CHARACTERS, '0')}`;
}

/** The names that the answer must give back; a name that is not in it is its own. */
export type WireNames = ReadonlyMap<string, WireName>;
