// The keywords of JSON Schema, and what becomes of each in a grammar.

import { assertions, isRecord, requiredOf } from './json-schema-algebra.ts';
import type { Schema } from './json-schema-algebra.ts';

export const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
export const COMBINERS = ['$ref', 'allOf', 'anyOf', 'oneOf'];
const KEPT = new Set([
  ...COMBINERS,
  'type',
  'enum',
  'const',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
]);
/** All that JSON Schema knows beyond these; other words are annotations. */
const NOT_KEPT = new Set([
  'not',
  'if',
  'then',
  'else',
  'pattern',
  'multipleOf',
  'uniqueItems',
  'contains',
  'minContains',
  'maxContains',
  'minProperties',
  'maxProperties',
  'patternProperties',
  'propertyNames',
  'additionalItems',
  'unevaluatedItems',
  'unevaluatedProperties',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  '$dynamicRef',
  '$recursiveRef',
]);
/** Without a type, these tell which one is meant. */
const TYPE_BY_KEYWORD: readonly (readonly [string, readonly string[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties', 'patternProperties']],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];

/** The first keyword after `from` that no grammar of ours keeps. */
export function notKept(schema: Schema): string | undefined {
  return assertions(schema).find((key) => NOT_KEPT.has(key) && !isHarmless(key, schema));
}

/** A keyword beside `enum` or `const` that might forbid one of the values. */
export function besideValues(schema: Schema): string | undefined {
  const told = ['type', 'const', 'enum', 'format'];
  return assertions(schema).find((key) => KEPT.has(key) && !told.includes(key));
}

/** Undefined: a type that does not exist. */
export function typesOf(schema: Schema): readonly string[] {
  const { type } = schema;
  if (type === undefined) {
    const meant = TYPE_BY_KEYWORD.find(([, keys]) => keys.some((key) => key in schema));
    return meant ? [meant[0]] : TYPES.filter((name) => name !== 'integer');
  }
  const types = (Array.isArray(type) ? type : [type]).map((name: unknown) =>
    typeof name === 'string' ? name : JSON.stringify(name),
  );
  return schema['nullable'] === true && !types.includes('null') ? [...types, 'null'] : types;
}

/** Demands nothing here that the grammar does not keep anyway. */
function isHarmless(key: string, schema: Schema): boolean {
  const { [key]: value } = schema;
  if (value === false || key === 'minContains' || key === 'maxContains') return true;
  if (key === 'multipleOf') return value === 1 && schema['type'] === 'integer';
  if (key === 'minProperties')
    return typeof value === 'number' && value <= requiredOf(schema).length;
  if (key === 'then' || key === 'else') return !('if' in schema);
  return false;
}

/** JSON on one line with a space after each comma and colon. */
export function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => spaced(item)).join(', ')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${spaced(item)}`,
  );
  return `{${pairs.join(', ')}}`;
}
