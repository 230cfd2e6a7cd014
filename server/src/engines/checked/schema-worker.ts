// The thread that checks JSON against a client's schema. ajv compiles schemas to code, and a pattern can take forever:
// neither may happen where requests are served. One question at a time; schema-checker.ts ends the thread when it hangs.

import { parentPort } from 'node:worker_threads';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { SCHEMAS_KEPT_MAX } from '../../limits.ts';

export type Question = {
  /** JSON of the schema; undefined where any object is right. */
  readonly schema: string | undefined;
  /** What the model said; undefined asks only whether the schema can be used. */
  readonly said: string | undefined;
};

export type Verdict =
  | { readonly kind: 'valid' }
  /** No JSON, or not what the schema asks for. */
  | { readonly kind: 'no-json' | 'invalid'; readonly problem: string }
  | { readonly kind: 'unusable-schema'; readonly problem: string };

/** The first message: what follows are verdicts. */
export type Ready = 'ready';

type Compiled = { readonly validate: ValidateFunction } | { readonly problem: string };

/** One for all: to make one takes ten times as long as a schema. `$id`s of different clients don't meet. */
const ajv = new Ajv2020({
  strict: false,
  validateFormats: false,
  logger: false,
  addUsedSchema: false,
});

/** Newest last. */
const compiled = new Map<string, Compiled>();

function verdictOf({ schema, said }: Question): Verdict {
  const known = schema === undefined ? undefined : compiledOf(schema);
  if (known !== undefined && 'problem' in known) return { kind: 'unusable-schema', ...known };
  if (said === undefined) return { kind: 'valid' };
  let value: unknown;
  try {
    value = JSON.parse(said);
  } catch (error) {
    return { kind: 'no-json', problem: error instanceof Error ? error.message : 'it is no JSON' };
  }
  if (known === undefined) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? { kind: 'valid' } : { kind: 'invalid', problem: 'it is not a JSON object' };
  }
  if (known.validate(value)) return { kind: 'valid' };
  return { kind: 'invalid', problem: problemOf(known.validate) };
}

function compiledOf(schema: string): Compiled {
  const found = compiled.get(schema);
  if (found !== undefined) {
    compiled.delete(schema);
    compiled.set(schema, found);
    return found;
  }
  const made = compile(schema);
  compiled.set(schema, made);
  const [oldest] = compiled.keys();
  if (compiled.size > SCHEMAS_KEPT_MAX && oldest !== undefined) compiled.delete(oldest);
  return made;
}

function compile(schema: string): Compiled {
  try {
    const parsed: unknown = JSON.parse(schema);
    const whole = typeof parsed === 'object' && parsed !== null ? parsed : {};
    // Clients name older dialects whose keywords are the same, or ones that ajv does not carry.
    const { $schema: _dialect, ...keywords } = { $schema: undefined, ...whole };
    const validate = ajv.compile(keywords);
    // What is kept is kept in `compiled`, where it is bounded.
    ajv.removeSchema(keywords);
    return { validate };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'it can not be compiled' };
  }
}

const PROBLEM_CHARACTERS_MAX = 200;

function problemOf({ errors }: ValidateFunction): string {
  const [first] = errors ?? [];
  const where = first?.instancePath ? `at ${first.instancePath}: ` : '';
  return `${where}${first?.message ?? 'it does not fit the schema'}`.slice(
    0,
    PROBLEM_CHARACTERS_MAX,
  );
}

parentPort?.on('message', (question: Question) => parentPort?.postMessage(verdictOf(question)));
const READY: Ready = 'ready';
parentPort?.postMessage(READY);
