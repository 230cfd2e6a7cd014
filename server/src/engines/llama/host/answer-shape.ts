// What an answer must look like, as grammars: JSON, tool calls, or either. Made before anything runs, so that a schema
// that can't be kept is refused at once.

import type { EngineFailure } from '../../../domain/generation/engine-failure.ts';
import type { CarriedTool, FunctionsOnly } from '../../../domain/generation/custom-tools.ts';
import type { Repair } from '../../../domain/generation/repair.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { anyOf, GrammarRules, literal } from './grammar-rules.ts';
import { freeRule } from './json-grammar-free.ts';
import type { FreeType, JsonBounds } from './json-grammar-free.ts';
import { fieldOf } from './json-schema-place.ts';
import { jsonGrammar } from './json-grammar.ts';
import type { SchemaProblem } from './json-grammar.ts';
import { readLark } from './lark-grammar.ts';
import { regexGrammar } from './regex-grammar.ts';
import { textRule } from './text-grammar.ts';
import { TOOL_CALL_CLOSE, TOOL_CALL_OPEN } from './tool-call-split.ts';

export type AnswerShape = {
  /** In force over the whole answer, once the model has thought. */
  readonly whole?: string;
  /** What the answer begins with, whatever the model would say. */
  readonly opening: string;
  /** In force from an opening tag to its closing one; otherwise the model is free. */
  readonly call?: string;
  readonly toolNames: ReadonlySet<string>;
  readonly callsMax: number;
  /** What of the schemas no grammar keeps, where that is allowed. */
  readonly repairs: readonly Repair[];
};

/** Calls in one answer, where the client wants any number of them. */
const PARALLEL_CALLS_MAX = 16;
const STRING_CHARACTERS_MAX = 16_384;

export function answerShape(
  generation: FunctionsOnly,
  tokensMax: number,
): Result<AnswerShape, EngineFailure> {
  const tools = offeredTools(generation);
  const grammar = new AnswerGrammar(generation, boundsFor(tokensMax));
  const callsMax = generation.parallelToolCalls ? PARALLEL_CALLS_MAX : 1;
  const { repairs } = grammar;
  const toolNames = new Set(tools.map(({ name }) => name));
  const base = { toolNames, callsMax, opening: '', repairs };
  const { output, toolChoice } = generation;
  const isForced = toolChoice.kind === 'required' || toolChoice.kind === 'tool';
  if (output.kind === 'text' && tools.length === 0) return ok(base);
  const call = grammar.call();
  if (!call.ok) return call;
  if (isForced) {
    const whole = grammar.text(grammar.calls(call.value, callsMax));
    return ok({ ...base, opening: `${TOOL_CALL_OPEN}\n`, whole });
  }
  if (output.kind === 'text') return ok({ ...base, call: grammar.text(`"\\n" ${call.value}`) });
  const json = grammar.output();
  if (!json.ok || tools.length === 0)
    return json.ok ? ok({ ...base, whole: grammar.text(json.value) }) : json;
  const calls = `${literal(`${TOOL_CALL_OPEN}\n`)} ${grammar.calls(call.value, callsMax)}`;
  return ok({ ...base, whole: grammar.text(grammar.either(json.value, calls)) });
}

/** Those that the model may call in this answer. */
export function offeredTools({ tools, toolChoice }: FunctionsOnly): readonly CarriedTool[] {
  return toolChoice.kind === 'none' ? [] : tools;
}

/**
 * As many characters as the answer may have tokens, in powers of two: a string that repeats itself in ordinary words
 * ends with half of the answer left, and honest ones are hardly ever that long.
 */
function boundsFor(tokensMax: number): JsonBounds {
  const power = 2 ** Math.floor(Math.log2(Math.max(64, tokensMax)));
  const stringCharactersMax = Math.min(power, STRING_CHARACTERS_MAX);
  return { stringCharactersMax, arrayItemsMax: stringCharactersMax / 8 };
}

/** The rules of one answer, as they come together. */
class AnswerGrammar {
  readonly #generation: FunctionsOnly;
  readonly #bounds: JsonBounds;
  readonly #rules = new GrammarRules();
  readonly repairs: Repair[] = [];

  constructor(generation: FunctionsOnly, bounds: JsonBounds) {
    this.#generation = generation;
    this.#bounds = bounds;
  }

  text(root: string): string {
    return this.#rules.text(root);
  }

  either(one: string, other: string): string {
    return anyOf([this.#rules.add(one), this.#rules.add(other)]);
  }

  /** One call, from its brace to its closing tag. */
  call(): Result<string, EngineFailure> {
    const { toolChoice, tools } = this.#generation;
    const asked = tools
      .map((tool, at) => ({ tool, at, characters: JSON.stringify(tool.parameters).length }))
      .filter(({ tool }) => toolChoice.kind !== 'tool' || tool.name === toolChoice.name)
      // Promises first; then the small ones, so that a monster among them takes no room from the others.
      .toSorted(
        (a, b) => Number(b.tool.strict) - Number(a.tool.strict) || a.characters - b.characters,
      );
    const calls: string[] = [];
    for (const { tool, at } of asked) {
      const given = this.#arguments(tool, `tools[${at}].parameters`);
      if (!given.ok) return given;
      const name = literal(`${JSON.stringify(tool.name)}, "arguments": `);
      calls.push(this.#rules.add(`${name} ${given.value}`));
    }
    return ok(`${literal('{"name": ')} ${anyOf(calls)} ${literal(`}\n${TOOL_CALL_CLOSE}`)}`);
  }

  calls(call: string, callsMax: number): string {
    const one = this.#rules.add(call);
    if (callsMax === 1) return one;
    const more = this.#rules.add(`${literal(`\n${TOOL_CALL_OPEN}\n`)} ${one}`);
    return `${one} ${this.#rules.times(more, 0, callsMax - 1)}`;
  }

  output(): Result<string, EngineFailure> {
    const { output } = this.#generation;
    if (output.kind !== 'json-schema') return ok(this.#freeObject());
    const { name, schema, strict } = output;
    const settings = { field: 'output.schema', strict };
    const rule = this.#schema(schema, settings, 'value');
    return rule.ok ? rule : err(schemaFailure(rule.error, `'${name}'`, settings));
  }

  #arguments(tool: CarriedTool, field: string): Result<string, EngineFailure> {
    const { name, parameters, strict, inputGrammar } = tool;
    const input = inputGrammar && this.#input(inputGrammar, field);
    if (input !== undefined) return ok(input);
    // Arguments are an object, whatever the schema leaves open.
    const schema = 'type' in parameters ? parameters : { type: 'object', ...parameters };
    const rule = this.#schema(schema, { field, strict }, 'object');
    return rule.ok ? rule : err(schemaFailure(rule.error, `the tool '${name}'`, { field, strict }));
  }

  /** Of a custom tool; undefined where its grammar can't be kept, and then the model has only read it. */
  #input({ syntax, definition }: InputGrammar, field: string): string | undefined {
    const read = syntax === 'lark' ? readLark(definition) : regexGrammar(definition);
    const made = read.ok ? this.#rules.attempt(() => textRule(read.value, this.#rules)) : read;
    if (made.ok) return `${literal('{"input": "')} ${made.value} ${literal('"}')}`;
    const place = field.replace(/parameters$/, 'format');
    this.repairs.push({ field: place, detail: `not enforced, because ${made.error}` });
    return undefined;
  }

  /** A schema that is not strict and that no grammar can stand for at all is left open. */
  #schema(
    schema: unknown,
    { field, strict }: SchemaUse,
    open: FreeType,
  ): Result<string, SchemaProblem> {
    const bounds = this.#bounds;
    const made = this.#rules.attempt(() => jsonGrammar(schema, this.#rules, { bounds, strict }));
    if (!made.ok && strict) return made;
    const problems = made.ok ? made.value.loosened : [made.error];
    for (const { path, detail, kind } of problems) {
      const what =
        kind === 'unsupported' ? `${detail} is not enforced` : `left open, because ${detail}`;
      this.repairs.push({ field: fieldOf(field, path), detail: what });
    }
    return ok(made.ok ? made.value.rule : freeRule(open, this.#rules, bounds));
  }

  #freeObject(): string {
    return freeRule('object', this.#rules, this.#bounds);
  }
}

type InputGrammar = NonNullable<CarriedTool['inputGrammar']>;
type SchemaUse = { readonly field: string; readonly strict: boolean };

function schemaFailure(
  { kind, detail, path }: SchemaProblem,
  whose: string,
  { field, strict }: SchemaUse,
): EngineFailure {
  const of = `the schema of ${whose}${strict ? " with 'strict: true'" : ''}`;
  const place = fieldOf(field, path);
  if (kind === 'unsupported') return { kind, feature: `${detail} in ${of}`, field: place };
  const at = path === '#' ? '' : ` at ${path.slice(0, PATH_CHARACTERS_SHOWN_MAX)}`;
  const message = `In ${of}, something is wrong${at}: ${detail}.`;
  return { kind: 'rejected', message, field: place };
}

const PATH_CHARACTERS_SHOWN_MAX = 300;
