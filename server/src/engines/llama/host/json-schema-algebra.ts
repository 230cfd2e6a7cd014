// Two questions about JSON Schemas that a grammar must answer itself: what both of them demand, and whether one value
// could satisfy both.

import { isDeepStrictEqual } from 'node:util';

export type Schema = { readonly [keyword: string]: unknown };

export function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `Array.isArray` makes `any` of the items. */
function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** These say nothing about which values are valid. */
const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  '$anchor',
  'title',
  'description',
  'default',
  'example',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
  'nullable',
]);

export function assertions(schema: Schema): string[] {
  return Object.keys(schema).filter(
    (key) => !ANNOTATIONS.has(key) && !key.startsWith('x-') && schema[key] !== undefined,
  );
}

/** One schema that demands what both demand; undefined where that is not a matter of writing both down. */
export function both(a: Schema, b: Schema): Schema | undefined {
  if (closesAgainst(a, b) || closesAgainst(b, a)) return undefined;
  const merged: { [keyword: string]: unknown } = {};
  for (const key of assertions(a)) merged[key] = a[key];
  for (const key of assertions(b)) {
    const value = key in merged ? together(key, a[key], b[key]) : b[key];
    if (value === undefined) return undefined;
    merged[key] = value;
  }
  return merged;
}

/** One has a word on the keys that only the other lists. */
function closesAgainst(a: Schema, b: Schema): boolean {
  const open = a['additionalProperties'];
  return open !== undefined && open !== true && 'properties' in b;
}

function together(key: string, a: unknown, b: unknown): unknown {
  if (isDeepStrictEqual(a, b)) return a;
  if (key === 'required' && isList(a) && isList(b)) return [...new Set([...a, ...b])];
  if (key !== 'properties' || !isRecord(a) || !isRecord(b)) return undefined;
  const isTwice = Object.keys(b).some((name) => Object.hasOwn(a, name));
  return isTwice ? undefined : { ...a, ...b };
}

const DEPTH_MAX = 4;

/** True only where no value that the grammar makes for one of them is valid for the other. */
export function areDisjoint(
  a: unknown,
  b: unknown,
  resolve: (schema: unknown) => unknown,
  depth = 0,
): boolean {
  const [one, other] = [resolve(a), resolve(b)];
  if (one === false || other === false) return true;
  if (!isRecord(one) || !isRecord(other) || depth > DEPTH_MAX) return false;
  const [values, otherValues] = [valuesOf(one), valuesOf(other)];
  if (values && otherValues)
    return !values.some((value) => otherValues.some((v) => isDeepStrictEqual(v, value)));
  const [types, otherTypes] = [typesOf(one), typesOf(other)];
  if (!types || !otherTypes) return false;
  if (!types.some((type) => otherTypes.some((t) => overlap(type, t)))) return true;
  const areObjects = [...types, ...otherTypes].every((type) => type === 'object');
  return areObjects && areDisjointObjects(one, other, resolve, depth);
}

function areDisjointObjects(
  a: Schema,
  b: Schema,
  resolve: (schema: unknown) => unknown,
  depth: number,
): boolean {
  const [ofA, ofB] = [a['properties'], b['properties']];
  if (!isRecord(ofA) || !isRecord(ofB)) return false;
  const [mustA, mustB] = [requiredOf(a), requiredOf(b)];
  const told = mustA.some(
    (key) =>
      mustB.includes(key) &&
      Object.hasOwn(ofA, key) &&
      Object.hasOwn(ofB, key) &&
      areDisjoint(ofA[key], ofB[key], resolve, depth + 1),
  );
  // Only listed keys are ever produced, so a key that the other demands and this one does not list tells them apart.
  const lacks = (must: string[], keys: Schema, own: string[]): boolean =>
    must.some((key) => !Object.hasOwn(keys, key) && !own.includes(key));
  return told || (lacks(mustB, ofA, mustA) && lacks(mustA, ofB, mustB));
}

export function requiredOf(schema: Schema): string[] {
  const { required } = schema;
  return Array.isArray(required) ? required.filter((key) => typeof key === 'string') : [];
}

function valuesOf(schema: Schema): unknown[] | undefined {
  if ('const' in schema) return [schema['const']];
  return Array.isArray(schema['enum']) ? schema['enum'] : undefined;
}

/** Undefined: any. */
function typesOf(schema: Schema): unknown[] | undefined {
  const { type } = schema;
  if (isList(type)) return type;
  if (type !== undefined) return [type];
  return valuesOf(schema)?.map((value) => typeOf(value));
}

export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

function overlap(a: unknown, b: unknown): boolean {
  const numbers = ['integer', 'number'];
  return a === b || (numbers.includes(String(a)) && numbers.includes(String(b)));
}
