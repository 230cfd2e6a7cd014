// A schema in one short line of words, for tables that people read.

import type { Schema } from './document.ts';

const WORDS_MAX = 6;

export function schemaText(schema: Schema): string {
  const { type, enum: values, anyOf, oneOf, items } = schema;
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(values)) return listOf(values.map((value) => JSON.stringify(value)));
  const choices = Array.isArray(anyOf) ? anyOf : oneOf;
  if (Array.isArray(choices)) return choicesText(choices.filter(isSchema));
  if (Array.isArray(type))
    return choicesText(type.map((one: unknown) => ({ ...schema, type: one })));
  if (type === 'array') return `list of ${isSchema(items) ? schemaText(items) : 'anything'}`;
  if (type === 'boolean') return 'true or false';
  if (type === 'integer' || type === 'number') return `${numberWord(type)}${boundsOf(schema)}`;
  if (type === 'string') return 'text';
  return typeof type === 'string' ? type : 'anything';
}

function choicesText(choices: readonly Schema[]): string {
  const words = choices.filter(({ type }) => type !== 'null').map(schemaText);
  const nullable = words.length < choices.length;
  return `${listOf([...new Set(words)])}${nullable ? ' or null' : ''}`;
}

function listOf(words: readonly string[]): string {
  if (words.length <= WORDS_MAX) return words.join(' or ');
  return `${words.slice(0, WORDS_MAX).join(' or ')} or ${words.length - WORDS_MAX} more`;
}

function numberWord(type: string): string {
  return type === 'integer' ? 'whole number' : 'number';
}

/** Bounds that are no more than what a number can be are left out. */
function boundsOf({ minimum, maximum, exclusiveMinimum }: Schema): string {
  const low =
    typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high =
    typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  const from = typeof exclusiveMinimum === 'number' ? ` above ${exclusiveMinimum}` : '';
  const least = low === undefined ? from : ` from ${low}`;
  return `${least}${high === undefined ? '' : ` to ${high}`}`;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
