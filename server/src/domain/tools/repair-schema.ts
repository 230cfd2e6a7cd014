// Makes of what clients send as a schema one that is JSON Schema: what is only written in an older or another way is
// written anew, and what can mean nothing is left out. With `strict` nothing may be left out: that is a problem instead.
// A schema that is right comes back as the very same object.

import { err, ok, type Result } from '../../lib/result.ts';
import type { JsonSchema } from '../generation/generation.ts';
import type { Repair } from '../generation/repair.ts';
import {
  CHECKS,
  isList,
  ONE_SCHEMA,
  OTHER_TYPE_NAMES,
  SCHEMA_LISTS,
  SCHEMA_MAPS,
  TYPES,
} from './schema-keywords.ts';

export type RepairedSchema = { readonly schema: JsonSchema; readonly repairs: readonly Repair[] };

export type RepairSettings = {
  /** Where the schema stands: `tools[3].parameters`. */
  readonly field: string;
  readonly strict: boolean;
  /** Arguments of a tool are always an object. */
  readonly isObject: boolean;
};

/** Schemas within schemas; far beyond what anybody writes, and what engines were seen to read. */
const LEVELS_MAX = 64;
/** A field's name is sent back in a header. */
const FIELD_CHARACTERS_MAX = 120;

/** What is wrong where: `detail` goes on after a colon. */
export type SchemaFault = { readonly field: string; readonly detail: string };

export function repairSchema(
  schema: JsonSchema,
  settings: RepairSettings,
): Result<RepairedSchema, SchemaFault> {
  return new SchemaRepair(schema, settings).whole();
}

type Fields = { [keyword: string]: unknown };

class SchemaRepair {
  readonly #root: JsonSchema;
  readonly #settings: RepairSettings;
  readonly #repairs: Repair[] = [];
  #problem: SchemaFault | undefined;

  constructor(root: JsonSchema, settings: RepairSettings) {
    this.#root = root;
    this.#settings = settings;
  }

  whole(): Result<RepairedSchema, SchemaFault> {
    const root: Path = { up: undefined, key: this.#settings.field };
    const repaired = this.#schema(this.#root, root, 0);
    // A root that is no schema at all was left out; what is left is an object again.
    let schema = isRecord(repaired) ? repaired : {};
    if (this.#settings.isObject) schema = this.#anObject(schema, root);
    if (this.#problem !== undefined) return err(this.#problem);
    return ok({ schema, repairs: this.#repairs });
  }

  #anObject(schema: JsonSchema, path: Path): JsonSchema {
    const { type } = schema;
    if (type === 'object') return schema;
    if (type === undefined) {
      const saysItElsewhere = ['$ref', 'allOf', 'anyOf', 'oneOf'].some((key) => key in schema);
      return saysItElsewhere ? schema : { type: 'object', ...withoutNullable(schema) };
    }
    if (isList(type) && type.includes('object'))
      return { ...withoutNullable(schema), type: 'object' };
    this.#leaveOut(step(path, 'type'), "arguments are always an 'object'");
    return { type: 'object' };
  }

  #schema(schema: unknown, path: Path, level: number): unknown {
    if (schema === true || schema === false || this.#problem !== undefined) return schema;
    if (isList(schema) && schema.length === 0) return this.#rewritten(path, 'an empty list', {});
    if (!isRecord(schema)) {
      this.#leaveOut(path, 'it is not a schema');
      return {};
    }
    if (level > LEVELS_MAX) {
      this.#leaveOut(path, `it is deeper than ${LEVELS_MAX} levels`);
      return {};
    }
    const before = this.#inThisDialect(schema, path);
    let isSame = before === schema;
    const fields: [string, unknown][] = [];
    for (const [key, value] of Object.entries(before)) {
      const kept = this.#keyword(key, value, { path: step(path, key), level });
      if (kept !== undefined) fields.push([key, kept]);
      isSame &&= kept === value;
    }
    return isSame ? schema : Object.fromEntries(fields);
  }

  /** The value that stays; undefined: none. */
  #keyword(key: string, value: unknown, at: { path: Path; level: number }): unknown {
    const { path, level } = at;
    if (value === undefined) return undefined;
    if (ONE_SCHEMA.has(key)) return this.#schema(value, path, level + 1);
    if (SCHEMA_LISTS.has(key)) return this.#list(value, path, level + 1);
    if (SCHEMA_MAPS.has(key)) return this.#map(value, path, level + 1);
    if (key === 'type') return this.#type(value, path);
    if (key === '$ref') return this.#reference(value, path);
    const check = CHECKS.get(key);
    if (check === undefined || check.holds(value)) return value;
    return this.#leaveOut(path, `it is not ${check.expected}`);
  }

  #list(value: unknown, path: Path, level: number): unknown {
    if (!isList(value) || value.length === 0) {
      return this.#leaveOut(path, 'it is not a list of schemas');
    }
    const repaired = value.map((one, index) => this.#schema(one, step(path, index), level));
    return repaired.every((one, index) => one === value[index]) ? value : repaired;
  }

  #map(value: unknown, path: Path, level: number): unknown {
    // Languages with one kind of collection write an empty object so.
    if (isList(value) && value.length === 0) return this.#rewritten(path, 'an empty list', {});
    if (!isRecord(value)) {
      return this.#leaveOut(path, 'it is not an object of schemas');
    }
    let isSame = true;
    const entries = Object.entries(value).map(([key, one]) => {
      const repaired = this.#schema(one, step(path, key), level);
      isSame &&= repaired === one;
      return [key, repaired];
    });
    // Not by assignment: a key may be called `__proto__`.
    return isSame ? value : Object.fromEntries(entries);
  }

  #type(value: unknown, path: Path): unknown {
    if (TYPES.has(value)) return value;
    if (isList(value) && value.length > 0 && value.every((one) => TYPES.has(one))) return value;
    const names = isList(value) ? value : [value];
    const known = names.map((one) =>
      typeof one === 'string' ? OTHER_TYPE_NAMES.get(one.toLowerCase()) : undefined,
    );
    const meant = known.filter((one) => one !== undefined);
    if (meant.length === 0 || meant.length < names.length) {
      return this.#leaveOut(path, 'it is not a type of JSON Schema');
    }
    const types = [...new Set(meant)];
    const written = types.length === 1 ? types[0] : types;
    return this.#rewritten(path, shown(value), written);
  }

  #reference(value: unknown, path: Path): unknown {
    if (typeof value !== 'string') return this.#leaveOut(path, 'it is no text');
    const { $id: id } = this.#root;
    const isOwn = typeof id === 'string' && id !== '' && value.startsWith(`${id}#`);
    const pointer = isOwn ? value.slice(id.length) : value;
    if (!leadsSomewhere(pointer, this.#root)) {
      const detail = `there is nothing at ${pointer.slice(0, 80)}`;
      return this.#leaveOut(path, detail);
    }
    return isOwn ? this.#rewritten(path, shown(value), pointer) : value;
  }

  /** What older drafts and OpenAPI 3.0 write in another way, as JSON Schema says it today. */
  #inThisDialect(schema: JsonSchema, path: Path): JsonSchema {
    let now: Fields | undefined;
    for (const [bound, exclusive] of BOUNDS) {
      const { [exclusive]: isExclusive, [bound]: limit } = schema;
      if (typeof isExclusive !== 'boolean') continue;
      now ??= { ...schema };
      delete now[exclusive];
      if (isExclusive && typeof limit === 'number') {
        delete now[bound];
        now[exclusive] = limit;
      }
      this.#rewritten(step(path, exclusive), String(isExclusive), undefined);
    }
    if (isList(schema['items'])) {
      now ??= { ...schema };
      const { items, additionalItems, ...rest } = now;
      now = {
        ...rest,
        prefixItems: items,
        ...(additionalItems !== undefined && { items: additionalItems }),
      };
      this.#rewritten(step(path, 'items'), 'a list', undefined);
    }
    return this.#nullable(now ?? schema, path);
  }

  /** A list of values without null stays without: OpenAPI 3.0.3 reads it so, and its values are right by any reading. */
  #nullable(schema: JsonSchema, path: Path): JsonSchema {
    const { nullable, type, ...rest } = schema;
    if (nullable !== true || type === undefined) return schema;
    const types = isList(type) ? type : [type];
    if (types.includes('null')) return schema;
    this.#rewritten(step(path, 'nullable'), 'true', undefined);
    return { ...rest, type: [...types, 'null'] };
  }

  #rewritten(path: Path, what: string, value: unknown): unknown {
    this.#repairs.push({
      field: fieldOf(path),
      detail: `${what} is read as JSON Schema writes it today`,
    });
    return value;
  }

  /** Nothing of a strict schema may be left out. */
  #leaveOut(path: Path, detail: string): undefined {
    const field = fieldOf(path);
    if (this.#settings.strict) this.#problem ??= { field, detail };
    else this.#repairs.push({ field, detail: `left out, because ${detail}` });
    return undefined;
  }
}

const BOUNDS = [
  ['minimum', 'exclusiveMinimum'],
  ['maximum', 'exclusiveMaximum'],
] as const;

/** Arguments are never null. */
function withoutNullable({ nullable: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Made into text only where there is something to tell: most schemas are right. */
type Path = { readonly up: Path | undefined; readonly key: string | number };

function step(up: Path, key: string | number): Path {
  return { up, key };
}

function fieldOf({ up, key }: Path): string {
  if (up === undefined) return String(key);
  const field = fieldOf(up);
  const name = typeof key === 'number' ? `${field}[${key}]` : `${field}.${key}`;
  return name.slice(0, FIELD_CHARACTERS_MAX);
}

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 40);
}

function leadsSomewhere(pointer: string, root: JsonSchema): boolean {
  if (pointer === '#') return true;
  if (!pointer.startsWith('#/')) return false;
  let found: unknown = root;
  for (const part of pointer.slice(2).split('/')) {
    if (typeof found !== 'object' || found === null) return false;
    const key = unescaped(part);
    if (!Object.hasOwn(found, key)) return false;
    // Its own key, as the line above says.
    found = (found as JsonSchema)[key];
  }
  return true;
}

function unescaped(part: string): string {
  return decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
