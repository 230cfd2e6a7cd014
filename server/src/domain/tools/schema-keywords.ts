// What the value of each keyword of JSON Schema must look like, draft 4 to 2020-12, as data. A word that is not here is
// an annotation, and may look as it likes.

/** Keywords whose value is a schema. */
export const ONE_SCHEMA: ReadonlySet<string> = new Set([
  'additionalProperties',
  'additionalItems',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]);

/** Keywords whose value is a list of schemas. */
export const SCHEMA_LISTS: ReadonlySet<string> = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'prefixItems',
]);

/** Keywords whose value names schemas. */
export const SCHEMA_MAPS: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  'dependentSchemas',
  'patternProperties',
  'properties',
]);

type Check = { readonly expected: string; readonly holds: (value: unknown) => boolean };

const COUNT: Check = {
  expected: 'a whole number of at least 0',
  holds: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0,
};
const NUMBER: Check = { expected: 'a number', holds: (value) => typeof value === 'number' };
const NAMES: Check = { expected: 'a list of names', holds: isNames };
const TEXT: Check = { expected: 'a text', holds: (value) => typeof value === 'string' };
/** Draft 4 has `true` and `false` beside `minimum`; what they mean is written anew before this is asked. */
const EXCLUSIVE = NUMBER;

export const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['enum', { expected: 'a list of values', holds: (value) => isList(value) && value.length > 0 }],
  ['exclusiveMaximum', EXCLUSIVE],
  ['exclusiveMinimum', EXCLUSIVE],
  ['format', TEXT],
  ['maxContains', COUNT],
  ['maxItems', COUNT],
  ['maxLength', COUNT],
  ['maxProperties', COUNT],
  ['maximum', NUMBER],
  ['minContains', COUNT],
  ['minItems', COUNT],
  ['minLength', COUNT],
  ['minProperties', COUNT],
  ['minimum', NUMBER],
  [
    'multipleOf',
    {
      expected: 'a number above 0',
      holds: (value) => typeof value === 'number' && value > 0,
    },
  ],
  ['pattern', { expected: 'a regular expression', holds: isPattern }],
  ['required', NAMES],
  ['uniqueItems', { expected: 'true or false', holds: (value) => typeof value === 'boolean' }],
]);

export const TYPES: ReadonlySet<unknown> = new Set([
  'array',
  'boolean',
  'integer',
  'null',
  'number',
  'object',
  'string',
]);

/** Names of types in other languages and in Gemini's dialect, lower case: what is meant is certain. */
export const OTHER_TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ['array', 'array'],
  ['bool', 'boolean'],
  ['boolean', 'boolean'],
  ['dict', 'object'],
  ['double', 'number'],
  ['float', 'number'],
  ['int', 'integer'],
  ['integer', 'integer'],
  ['list', 'array'],
  ['long', 'integer'],
  ['map', 'object'],
  ['none', 'null'],
  ['null', 'null'],
  ['number', 'number'],
  ['object', 'object'],
  ['str', 'string'],
  ['string', 'string'],
]);

/** `Array.isArray` makes `any` of the items. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isNames(value: unknown): boolean {
  return isList(value) && value.every((name) => typeof name === 'string');
}

function isPattern(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    return new RegExp(value, 'u') instanceof RegExp;
  } catch {
    return isPatternWithoutUnicode(value);
  }
}

/** Many write escapes that are needless, which only the newer flag forbids. */
function isPatternWithoutUnicode(value: string): boolean {
  try {
    return new RegExp(value) instanceof RegExp;
  } catch {
    return false;
  }
}
