// The fields of a request that its schema does not know, by their paths. What is to become of them is the operator's
// policy (gateway/fit-request.ts); a schema only says which objects it knows all the fields of (`z.object`), and which may
// hold anything (`z.looseObject`, records).

import { safeParse, type core } from 'zod';
import { fieldName } from './first-issue.ts';

/** Told of one request. */
const UNKNOWN_MAX = 32;

type Path = readonly PropertyKey[];
type Record = { readonly [name: string]: unknown };

/** `value` has been parsed by `schema`. */
export function unknownFields(
  schema: core.$ZodType,
  value: unknown,
  path: Path = [],
): readonly string[] {
  const found: string[] = [];
  walk(schema, value, path, found);
  return found;
}

function walk(given: core.$ZodType, value: unknown, path: Path, found: string[]): void {
  if (typeof value !== 'object' || value === null || found.length >= UNKNOWN_MAX) return;
  const { def } = inner(given)._zod;
  // zod's definitions are told apart by `type`, which its own base type does not say.
  const definition = def as Definition;
  switch (definition.type) {
    case 'object':
      return walkObject(definition, value as Record, path, found); // an object, as the schema has found
    case 'array':
      if (!Array.isArray(value)) return;
      return value.forEach((item: unknown, index) =>
        walk(definition.element, item, [...path, index], found),
      );
    case 'union': {
      const option = optionOf(definition, value as Record); // as above
      return option && walk(option, value, path, found);
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
  path: Path,
  found: string[],
): void {
  for (const [name, field] of Object.entries(value)) {
    const known = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (known !== undefined) walk(known, field, [...path, name], found);
    else if (catchall === undefined && found.length < UNKNOWN_MAX) {
      found.push(fieldName([...path, name]));
    }
  }
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
  { options, discriminator }: core.$ZodUnionDef & { readonly discriminator?: string },
  value: Record,
): core.$ZodType | undefined {
  const candidates = options.filter((option) => accepts(inner(option), value));
  if (candidates.length <= 1 || discriminator !== undefined) return candidates[0];
  // Few and small: a choice among tools, a response format.
  return candidates.find((option) => succeeds(option, value)) ?? candidates[0];
}

function accepts(option: core.$ZodType, value: Record): boolean {
  const def = option._zod.def as Definition; // as in `walk`
  if (def.type === 'array') return Array.isArray(value);
  if (def.type === 'union') return def.options.some((one) => accepts(inner(one), value));
  if (def.type !== 'object' || Array.isArray(value)) return false;
  return Object.entries(def.shape).every(([name, field]) => {
    const values = inner(field)._zod.values;
    if (values === undefined) return true;
    // A field with a few values, such as `type`, tells objects apart.
    return (
      values.has(value[name] as core.util.Primitive) || (value[name] == null && isOptional(field))
    );
  });
}

function isOptional(field: core.$ZodType): boolean {
  return field._zod.optin === 'optional';
}

function succeeds(option: core.$ZodType, value: unknown): boolean {
  return safeParse(option, value).success;
}
