// Where the hub and the engines name a field, the client reads its own name for it. Each protocol has a table; this file
// reads it.

import type { Generation } from '../domain/generation/generation.ts';

/** The client's names of the hub's fields: `output.schema` → `response_format.json_schema.schema`. */
export type WireFields = {
  /** The longest name that a path begins with is replaced. */
  readonly names: { readonly [hub: string]: string };
  /** Of a tool, what stands within it: `parameters` → `function.parameters`. */
  readonly inTool: { readonly [hub: string]: string };
  /** What holds the conversation; its items have no place of their own, because a message may be several. */
  readonly conversation: string;
};

/** Where the fields of each tool stand, by its name: `tools[3].function`. Of a tool that is not here, `tools[3]`. */
export type ToolPlaces = ReadonlyMap<string, string>;

const IN_TOOL = /^tools\[(\d+)\](?:\.(\w+))?/;

export function wireField(
  field: string,
  fields: WireFields,
  generation: Pick<Generation, 'tools'>,
  places: ToolPlaces = new Map(),
): string {
  if (field.startsWith('items')) return fields.conversation;
  const [head, index, part] = IN_TOOL.exec(field) ?? [];
  if (head !== undefined) {
    const name = generation.tools[Number(index)]?.name ?? '';
    const place = places.get(name) ?? `tools[${index}]`;
    const inside = part === undefined ? '' : `.${fields.inTool[part] ?? part}`;
    return `${place}${inside}${field.slice(head.length)}`;
  }
  const known = Object.keys(fields.names)
    .filter(
      (name) =>
        field === name || (/^[.[]/.test(field.slice(name.length)) && field.startsWith(name)),
    )
    .toSorted((a, b) => b.length - a.length)[0];
  return known === undefined ? field : `${fields.names[known]}${field.slice(known.length)}`;
}
