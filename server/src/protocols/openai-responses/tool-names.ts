// Codex groups tools in namespaces; engines know one flat list of names. Each namespaced tool gets a flat name, the
// same for every request, so that replayed calls and cached prompts fit; the answer has its own name again.

/** A tool as the client calls it. */
export type WireName = { readonly name: string; readonly namespace?: string };

const SEPARATOR = '__';

export function flatName(namespace: string, name: string): string {
  return namespace.endsWith(SEPARATOR) ? namespace + name : namespace + SEPARATOR + name;
}

/** The names that the answer must give back; a name that is not in it is its own. */
export type WireNames = ReadonlyMap<string, WireName>;
