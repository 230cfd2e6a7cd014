// The fields of a request that its schema does not know, by their paths. What is to become of them is the operator's
// policy (gateway/fit-request.ts); a schema only says which objects it knows all the fields of (`z.object`), and which may
// hold anything (`z.looseObject`, records).

import { safeParse, type core } from 'zod';
import { fieldName } from './first-issue.ts';

/** Told of one request. */
const UNKNOWN_MAX = 32;

/** Made into a list only where there is something to tell: most requests are known in full. */
type Place = { readonly up: Place | undefined; readonly key: PropertyKey };
type Record = { readonly [name: string]: unknown };

/** `value` has been parsed by `schema`. */
export function unknownFields(
  schema: core.$ZodType,
  value: unknown,
  path: readonly PropertyKey[] = [],
): readonly string[] {
  const found: string[] = [];
  let place: Place | undefined;
  for (const key of path) place = { up: place, key };
  walk(schema, value, place, found);
  return found;
}

function walk(
  given: core.$ZodType,
  value: unknown,
  place: Place | undefined,
  found: string[],
): void {
  if (typeof value !== 'object' || value === null || found.length >= UNKNOWN_MAX) return;
  const { def } = inner(given)._zod;
  // zod's definitions are told apart by `type`, which its own base type does not say.
  const definition = def as Definition;
  switch (definition.type) {
    case 'object':
      return walkObject(definition, value as Record, place, found); // an object, as the schema has found
    case 'array':
      if (!Array.isArray(value)) return;
      for (const [key, item] of value.entries()) {
        walk(definition.element, item, { up: place, key }, found);
      }
      return;
    case 'union': {
      const option = optionOf(definition, value as Record); // as above
      return option && walk(option, value, place, found);
    }
    default:
  }
}

type Definition =
  | core.$ZodObjectDef
  | core.$ZodArrayDef
  | (core.$ZodUnionDef & { readonly discriminator?: string });

function walkObject(
  { shape, catchall }: core.$ZodObjectDef,
  value: Record,
  place: Place | undefined,
  found: string[],
): void {
  for (const name of Object.keys(value)) {
    const known = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (known !== undefined) {
      const field = value[name];
      if (typeof field === 'object') walk(known, field, { up: place, key: name }, found);
    } else if (catchall === undefined && found.length < UNKNOWN_MAX) {
      found.push(fieldName(pathOf({ up: place, key: name })));
    }
  }
}

function pathOf(place: Place): readonly PropertyKey[] {
  const path: PropertyKey[] = [];
  for (let at: Place | undefined = place; at !== undefined; at = at.up) path.unshift(at.key);
  return path;
}

/** What optional, nullable and transformed schemas are made around. */
function inner(schema: core.$ZodType): core.$ZodType {
  let found = schema;
  for (;;) {
    // As in `walk`.
    const def = found._zod.def as {
      readonly innerType?: core.$ZodType;
      readonly in?: core.$ZodType;
    };
    const next = def.innerType ?? def.in;
    if (next === undefined) return found;
    found = next;
  }
}

/** The one that the value was read by. */
function optionOf(
  union: core.$ZodUnionDef & { readonly discriminator?: string },
  value: Record,
): core.$ZodType | undefined {
  const { options, discriminator } = union;
  if (discriminator !== undefined) {
    const marked = markedOptions(union, discriminator).get(value[discriminator]);
    if (marked !== undefined) return marked;
  }
  const candidates = options.filter((option) => accepts(inner(option), value));
  if (candidates.length <= 1 || discriminator !== undefined) return candidates[0];
  // Few and small: a choice among tools, a response format.
  return candidates.find((option) => succeeds(option, value)) ?? candidates[0];
}

const MARKED_OPTIONS = new WeakMap<core.$ZodUnionDef, ReadonlyMap<unknown, core.$ZodType>>();

/** Those that are objects, by the values of what tells them apart. */
function markedOptions(
  union: core.$ZodUnionDef,
  discriminator: string,
): ReadonlyMap<unknown, core.$ZodType> {
  const known = MARKED_OPTIONS.get(union);
  if (known !== undefined) return known;
  const marked = new Map<unknown, core.$ZodType>();
  for (const option of union.options) {
    const def = inner(option)._zod.def as Definition; // as in `walk`
    const mark = def.type === 'object' ? def.shape[discriminator] : undefined;
    for (const one of (mark && inner(mark)._zod.values) ?? []) {
      if (!marked.has(one)) marked.set(one, option);
    }
  }
  MARKED_OPTIONS.set(union, marked);
  return marked;
}

function accepts(option: core.$ZodType, value: Record): boolean {
  const def = option._zod.def as Definition; // as in `walk`
  if (def.type === 'array') return Array.isArray(value);
  if (def.type === 'union') return def.options.some((one) => accepts(inner(one), value));
  if (def.type !== 'object' || Array.isArray(value)) return false;
  for (const { name, values, optional } of marksOf(def)) {
    const marked = value[name];
    if (marked == null && optional) continue;
    // What stands there may be anything: it is compared, and nothing else.
    if (values === undefined ? marked === undefined : !values.has(marked as core.util.Primitive)) {
      return false;
    }
  }
  return true;
}

/** What tells objects apart: fields with a few values, such as `type`, and those that must be there. */
type Mark = {
  readonly name: string;
  readonly values: ReadonlySet<core.util.Primitive> | undefined;
  readonly optional: boolean;
};

const MARKS = new WeakMap<core.$ZodObjectDef, readonly Mark[]>();

/** Looked up once in each schema: a conversation may have thousands of parts. */
function marksOf(def: core.$ZodObjectDef): readonly Mark[] {
  const known = MARKS.get(def);
  if (known !== undefined) return known;
  const marks = Object.entries(def.shape)
    .map(([name, field]) => {
      return { name, values: inner(field)._zod.values, optional: isOptional(field) };
    })
    .filter(({ values, optional }) => values !== undefined || !optional);
  MARKS.set(def, marks);
  return marks;
}

function isOptional(field: core.$ZodType): boolean {
  return field._zod.optin === 'optional';
}

function succeeds(option: core.$ZodType, value: unknown): boolean {
  return safeParse(option, value).success;
}
