// JSON Schema → grammar: what the grammar lets through is valid JSON on one line, with one space after each comma and
// colon, and valid against the schema. Keys come in the schema's order. Additional keys are never made, unless an object
// lists none.

import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { anyOf, GRAMMAR_CHARACTERS_MAX, literal } from './grammar-rules.ts';
import type { GrammarRules } from './grammar-rules.ts';
import { FREE_KEY_CHARACTERS_MAX, freeRule } from './json-grammar-free.ts';
import type { FreeType, JsonBounds } from './json-grammar-free.ts';
import {
  besideValues,
  COMBINERS,
  notKept,
  spaced,
  TYPES,
  typesOf,
} from './json-grammar-keywords.ts';
import { integerRule, NO_BOUNDS, numberBounds, numberRule } from './json-grammar-numbers.ts';
import { formatRule, stringRule } from './json-grammar-strings.ts';
import {
  areDisjoint,
  assertions,
  both,
  isRecord,
  requiredOf,
  typeOf,
} from './json-schema-algebra.ts';
import type { Schema } from './json-schema-algebra.ts';
import { at, deeper, unescaped } from './json-schema-place.ts';
import type { Place } from './json-schema-place.ts';

export type JsonSettings = {
  readonly bounds: JsonBounds;
  /** A keyword that no grammar can keep is refused; otherwise it is left out. */
  readonly strict: boolean;
};

export type SchemaProblem = {
  /** `unsupported`: valid JSON Schema that no grammar of ours can keep. */
  readonly kind: 'unsupported' | 'invalid' | 'too-large';
  /** In the schema, such as `#/properties/city/pattern`. */
  readonly path: string;
  readonly detail: string;
};

const DEPTH_MAX = 64;
/** Longer than any string that a model writes in one answer. */
const LENGTH_MAX = 65_536;
/** Schemas looked at: merging may multiply a small one beyond all bounds. */
const STEPS_MAX = 20_000;
/** Each is compared with each. */
const CHOICES_COMPARED_MAX = 128;
/** Told of one schema. */
const LOOSENED_MAX = 16;
const TOO_LARGE = { kind: 'too-large', detail: 'it is too large' } as const;

export type JsonGrammarOf = {
  /** The expression that stands for a value. */
  readonly rule: string;
  /** What of a schema that is not strict no grammar keeps, and so is left out. */
  readonly loosened: readonly SchemaProblem[];
};

/** Adds the schema's rules. */
export function jsonGrammar(
  schema: unknown,
  rules: GrammarRules,
  settings: JsonSettings,
): Result<JsonGrammarOf, SchemaProblem> {
  return new JsonGrammar(schema, rules, settings).whole();
}

class JsonGrammar {
  readonly #root: unknown;
  readonly #rules: GrammarRules;
  readonly #settings: JsonSettings;
  readonly #references = new Map<string, string>();
  readonly #loosened: SchemaProblem[] = [];
  #problem: SchemaProblem | undefined;
  #steps = 0;

  constructor(root: unknown, rules: GrammarRules, settings: JsonSettings) {
    this.#root = root;
    this.#rules = rules;
    this.#settings = settings;
  }

  whole(): Result<JsonGrammarOf, SchemaProblem> {
    const rule = this.#value(this.#root, { path: '#', depth: 0, followed: [] });
    if (this.#rules.isTooLarge || (rule ?? '').length > GRAMMAR_CHARACTERS_MAX)
      this.#problem ??= { ...TOO_LARGE, path: '#' };
    if (this.#problem) return err(this.#problem);
    if (rule === undefined)
      return err({ kind: 'invalid', path: '#', detail: 'no value can satisfy it' });
    return ok({ rule, loosened: this.#loosened });
  }

  /** Undefined: no value satisfies the schema. */
  #value(schema: unknown, place: Place): string | undefined {
    if (this.#problem) return undefined;
    if (place.depth > DEPTH_MAX) {
      this.#cannotKeep(place, `more than ${DEPTH_MAX} levels`);
      return this.#free('value');
    }
    this.#steps += 1;
    if (this.#rules.isTooLarge || this.#steps > STEPS_MAX)
      this.#problem ??= { ...TOO_LARGE, path: place.path };
    if (this.#problem) return undefined;
    if (schema === false) return undefined;
    if (schema === true || schema === undefined) return this.#free('value');
    if (!isRecord(schema)) return this.#refuse('invalid', place, 'it is not a schema');
    const odd = notKept(schema);
    if (odd !== undefined) this.#cannotKeep(at(place, odd), `the keyword '${odd}'`);
    const combiner = COMBINERS.find((key) => schema[key] !== undefined);
    if (combiner !== undefined) return this.#combined(combiner, schema, place);
    if ('const' in schema || 'enum' in schema) return this.#oneOfValues(schema, place);
    return this.#alternatives(typesOf(schema).map((type) => this.#ofType(type, schema, place)));
  }

  #ofType(type: string, schema: Schema, place: Place): string | undefined {
    switch (type) {
      case 'object':
        return this.#object(schema, place);
      case 'array':
        return this.#array(schema, place);
      case 'string':
        return this.#string(schema, place);
      case 'integer':
      case 'number':
        return this.#number(type, schema, place);
      case 'boolean':
        return '("true" | "false")';
      case 'null':
        return '"null"';
      default:
        return this.#refuse('invalid', at(place, 'type'), `there is no type ${type}`);
    }
  }

  // Combinations

  #combined(combiner: string, schema: Schema, place: Place): string | undefined {
    const { [combiner]: value, ...rest } = schema;
    const beside = assertions(rest).length > 0 ? rest : undefined;
    const here = at(place, combiner);
    if (combiner === '$ref') return this.#reference(String(value), beside, here);
    if (!Array.isArray(value) || value.length === 0)
      return this.#refuse('invalid', here, 'it is not a list of schemas');
    if (combiner === 'allOf') return this.#allOf(value, beside, here);
    if (combiner === 'oneOf') this.#checkDisjoint(value, here);
    const each = value.map((one: unknown, i) => this.#with(beside, one, at(here, i)));
    return this.#alternatives(each);
  }

  /** A schema and what stands beside its combiner: one schema that says both. */
  #with(beside: Schema | undefined, schema: unknown, place: Place): string | undefined {
    if (beside === undefined || schema === false) return this.#value(schema, deeper(place));
    if (schema === true) return this.#value(beside, deeper(place));
    const resolved = this.#resolved(schema);
    const merged = isRecord(resolved) ? both(beside, resolved) : undefined;
    if (merged) return this.#value(merged, deeper(place));
    this.#cannotKeep(place, 'this together with the keywords beside it');
    return this.#value(schema, deeper(place));
  }

  #allOf(
    schemas: readonly unknown[],
    beside: Schema | undefined,
    place: Place,
  ): string | undefined {
    let merged: unknown = beside ?? {};
    for (const [i, schema] of schemas.entries()) {
      const next = schemas.length === 1 && !beside ? schema : this.#resolved(schema);
      if (schemas.length === 1 && !beside) return this.#value(next, deeper(at(place, i)));
      const sum = isRecord(merged) && isRecord(next) ? both(merged, next) : undefined;
      if (sum) merged = sum;
      else this.#cannotKeep(at(place, i), 'this together with the schemas beside it');
    }
    return this.#value(merged, deeper(place));
  }

  /** Exactly one must hold, and a grammar can only promise one of them: so they must exclude each other. */
  #checkDisjoint(schemas: readonly unknown[], place: Place): void {
    const resolve = (schema: unknown): unknown => this.#resolved(schema);
    if (schemas.length > CHOICES_COMPARED_MAX)
      return this.#cannotKeep(place, `more than ${CHOICES_COMPARED_MAX} choices of 'oneOf'`);
    for (let i = 0; i < schemas.length; i += 1)
      for (let j = 0; j < i; j += 1)
        if (!areDisjoint(schemas[i], schemas[j], resolve))
          return this.#cannotKeep(at(place, i), "a choice of 'oneOf' that may overlap with others");
  }

  #reference(pointer: string, beside: Schema | undefined, place: Place): string | undefined {
    if (place.followed.includes(pointer))
      return this.#refuse('invalid', place, 'it refers to itself and nothing else');
    const target = this.#target(pointer);
    if (target === undefined)
      return this.#refuse('invalid', place, `there is nothing at ${pointer}`);
    const followed = { ...place, followed: [...place.followed, pointer] };
    if (beside) return this.#with(beside, target, followed);
    const known = this.#references.get(pointer);
    if (known !== undefined) return known;
    const name = this.#rules.reserve();
    this.#references.set(pointer, name);
    const rule = this.#value(target, { ...deeper(followed), path: pointer });
    if (rule === undefined) return this.#refuse('invalid', place, 'no value can satisfy it');
    return this.#rules.define(name, rule);
  }

  /** Follows references to the schema that they stand for. */
  #resolved(schema: unknown): unknown {
    this.#steps += 1;
    if (this.#steps > STEPS_MAX) this.#problem ??= { ...TOO_LARGE, path: '#' };
    if (this.#problem) return false;
    let found = schema;
    for (let i = 0; i < DEPTH_MAX && isRecord(found) && typeof found['$ref'] === 'string'; i += 1) {
      if (assertions(found).length > 1) return found;
      found = this.#target(found['$ref']);
    }
    return found;
  }

  #target(pointer: string): unknown {
    if (pointer === '#') return this.#root;
    if (!pointer.startsWith('#/')) return undefined;
    let found: unknown = this.#root;
    for (const step of pointer.slice(2).split('/')) {
      const key = unescaped(step);
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key))
        return undefined;
      // Its own key, as the line above says.
      found = (found as Schema)[key];
    }
    return found;
  }

  // Values

  #oneOfValues(schema: Schema, place: Place): string | undefined {
    const { enum: choices, type } = schema;
    const given: unknown = 'const' in schema ? [schema['const']] : choices;
    if (!Array.isArray(given))
      return this.#refuse('invalid', at(place, 'enum'), 'it is not a list of values');
    const beside = besideValues(schema);
    if (beside !== undefined) this.#cannotKeep(at(place, beside), 'a keyword beside values');
    const types = type === undefined ? TYPES : typesOf(schema);
    const values = given.filter(
      (value) =>
        types.includes(typeOf(value)) || (typeOf(value) === 'integer' && types.includes('number')),
    );
    return this.#alternatives(values.map((value) => literal(spaced(value))));
  }

  #object(schema: Schema, place: Place): string | undefined {
    const { properties, additionalProperties } = schema;
    if (properties !== undefined && !isRecord(properties))
      return this.#refuse('invalid', at(place, 'properties'), 'it is not an object');
    const required = requiredOf(schema);
    const listed = properties ?? {};
    const keys = [...new Set([...Object.keys(listed), ...required])];
    const isOpen = additionalProperties === true || properties === undefined;
    if (keys.length === 0 && isRecord(additionalProperties))
      return this.#map(additionalProperties, at(place, 'additionalProperties'));
    if (keys.length === 0 && isOpen && additionalProperties !== false) return this.#free('object');
    const inner = { ...deeper(at(place, 'properties')), followed: [] };
    const fields: Field[] = [];
    for (const key of keys) {
      const isRequired = required.includes(key);
      const isListed = Object.hasOwn(listed, key);
      const value = this.#value(isListed ? listed[key] : additionalProperties, at(inner, key));
      if (value === undefined && isRequired) return undefined;
      if (value !== undefined) fields.push({ key, value, isRequired });
    }
    return this.#fields(fields);
  }

  /** The keys in order, each optional one there or not: from the last to the first, what may come from here on. */
  #fields(fields: readonly Field[]): string {
    let [first, later] = ['"}"', '"}"'];
    for (const { key, value, isRequired } of fields.toReversed()) {
      const pair = this.#rules.add(`${literal(`${JSON.stringify(key)}: `)} ${value}`);
      const [skipFirst, skipLater] = isRequired ? ['', ''] : [` | ${first}`, ` | ${later}`];
      first = this.#rules.add(`${pair} ${later}${skipFirst}`);
      later = this.#rules.add(`", " ${pair} ${later}${skipLater}`);
    }
    return `"{" ${first}`;
  }

  #map(values: Schema, place: Place): string | undefined {
    const value = this.#value(values, { ...deeper(place), followed: [] });
    if (value === undefined) return '"{}"';
    const key = stringRule(this.#rules, 0, FREE_KEY_CHARACTERS_MAX);
    const pair = this.#rules.add(`${key} ": " ${value}`);
    return this.#list('{', pair, '}', 0, this.#settings.bounds.arrayItemsMax);
  }

  #array(schema: Schema, place: Place): string | undefined {
    const { prefixItems, items } = schema;
    const min = this.#count(schema, 'minItems', place) ?? 0;
    const max = this.#count(schema, 'maxItems', place);
    const inner = { ...deeper(place), followed: [] };
    const tuple = Array.isArray(prefixItems)
      ? prefixItems
      : Array.isArray(items)
        ? items
        : undefined;
    if (tuple) return this.#tuple(tuple, min, max, inner);
    const item = max === 0 ? undefined : this.#value(items, at(inner, 'items'));
    const most = max ?? Math.max(min, this.#settings.bounds.arrayItemsMax);
    if (item === undefined) return min === 0 ? '"[]"' : undefined;
    if (most < min) return undefined;
    return this.#list('[', this.#rules.add(item), ']', min, most);
  }

  #tuple(
    items: readonly unknown[],
    min: number,
    max: number | undefined,
    place: Place,
  ): string | undefined {
    const count = Math.min(items.length, max ?? items.length);
    if (min > count) {
      this.#cannotKeep(at(place, 'minItems'), 'more items than are listed');
      return this.#problem ? undefined : this.#free('array');
    }
    const rules = items.slice(0, count).map((item, i) => this.#value(item, at(place, i)));
    if (rules.includes(undefined)) return undefined;
    return `"[" ${rules.join(' ", " ')} "]"`;
  }

  #list(open: string, item: string, close: string, min: number, max: number): string {
    const more = this.#rules.add(`", " ${item}`);
    const rest = this.#rules.times(more, Math.max(0, min - 1), max - 1);
    const all = `${item} ${rest}`;
    return `"${open}" ${min === 0 ? `(${all})?` : all} "${close}"`;
  }

  #string(schema: Schema, place: Place): string | undefined {
    const min = this.#count(schema, 'minLength', place);
    const max = this.#count(schema, 'maxLength', place);
    const format = min === undefined && max === undefined ? schema['format'] : undefined;
    const formatted = formatRule(this.#rules, format);
    if (formatted !== undefined) return formatted;
    const most = max ?? Math.max(min ?? 0, this.#settings.bounds.stringCharactersMax);
    return most < (min ?? 0) ? undefined : stringRule(this.#rules, min ?? 0, most);
  }

  #number(type: 'integer' | 'number', schema: Schema, place: Place): string | undefined {
    const bounds = numberBounds(schema);
    const rule = type === 'integer' ? integerRule(bounds) : numberRule(bounds);
    if (rule === undefined) this.#cannotKeep(at(place, 'minimum'), 'bounds this narrow');
    return rule ?? (this.#problem ? undefined : numberRule(NO_BOUNDS));
  }

  /** A length that the schema gives; what is longer than anything can be is no limit. */
  #count(schema: Schema, key: string, place: Place): number | undefined {
    const { [key]: count } = schema;
    if (count === undefined) return undefined;
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) {
      this.#refuse('invalid', at(place, key), 'it is not a whole number');
      return undefined;
    }
    if (key.startsWith('max')) return count > LENGTH_MAX ? undefined : count;
    if (count > LENGTH_MAX) this.#cannotKeep(at(place, key), `more than ${LENGTH_MAX}`);
    return Math.min(count, LENGTH_MAX);
  }

  #free(type: FreeType): string {
    return freeRule(type, this.#rules, this.#settings.bounds);
  }

  #alternatives(rules: readonly (string | undefined)[]): string | undefined {
    const possible = [...new Set(rules.filter((rule) => rule !== undefined))];
    return possible.length === 0 ? undefined : anyOf(possible);
  }

  #cannotKeep(place: Place, what: string): void {
    if (this.#settings.strict) this.#refuse('unsupported', place, what);
    else if (this.#loosened.length < LOOSENED_MAX)
      this.#loosened.push({ kind: 'unsupported', path: place.path, detail: what });
  }

  /** The first problem is the one to mend. */
  #refuse(kind: SchemaProblem['kind'], { path }: Place, detail: string): undefined {
    this.#problem ??= { kind, path, detail };
    return undefined;
  }
}

type Field = { readonly key: string; readonly value: string; readonly isRequired: boolean };
