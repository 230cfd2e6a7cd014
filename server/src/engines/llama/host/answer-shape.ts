// What an answer must look like, as grammars: JSON, tool calls, or either. Made before anything runs, so that a schema
// that can't be kept is refused at once.

import type { EngineFailure } from '../../../domain/generation/engine-failure.ts';
import type { FunctionsOnly } from '../../../domain/generation/custom-tools.ts';
import type { FunctionTool } from '../../../domain/generation/generation.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import { anyOf, GrammarRules, literal } from './grammar-rules.ts';
import { freeRule } from './json-grammar-free.ts';
import type { JsonBounds } from './json-grammar-free.ts';
import { jsonGrammar } from './json-grammar.ts';
import type { SchemaProblem } from './json-grammar.ts';
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
};

/** Calls in one answer, where the client wants any number of them. */
const PARALLEL_CALLS_MAX = 16;
const STRING_CHARACTERS_MAX = 16_384;
const PATH_CHARACTERS_SHOWN_MAX = 300;

export function answerShape(
  generation: FunctionsOnly,
  tokensMax: number,
): Result<AnswerShape, EngineFailure> {
  const tools = offeredTools(generation);
  const bounds = boundsFor(tokensMax);
  const callsMax = generation.parallelToolCalls ? PARALLEL_CALLS_MAX : 1;
  const base = { toolNames: new Set(tools.map(({ name }) => name)), callsMax, opening: '' };
  const { output, toolChoice } = generation;
  const isForced = toolChoice.kind === 'required' || toolChoice.kind === 'tool';
  if (output.kind === 'text' && tools.length === 0) return ok(base);
  const rules = new GrammarRules();
  const call = callRule(generation, rules, bounds);
  if (!call.ok) return call;
  if (isForced) {
    const whole = rules.text(callsRule(call.value, rules, callsMax));
    return ok({ ...base, opening: `${TOOL_CALL_OPEN}\n`, whole });
  }
  if (output.kind === 'text') return ok({ ...base, call: rules.text(`"\\n" ${call.value}`) });
  const json = outputRule(generation, rules, bounds);
  if (!json.ok || tools.length === 0)
    return json.ok ? ok({ ...base, whole: rules.text(json.value) }) : json;
  const calls = `${literal(`${TOOL_CALL_OPEN}\n`)} ${callsRule(call.value, rules, callsMax)}`;
  const root = anyOf([rules.add(json.value), rules.add(calls)]);
  return ok({ ...base, whole: rules.text(root) });
}

/** Those that the model may call in this answer. */
export function offeredTools({ tools, toolChoice }: FunctionsOnly): readonly FunctionTool[] {
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

/** One call, from its brace to its closing tag. */
function callRule(
  generation: FunctionsOnly,
  rules: GrammarRules,
  bounds: JsonBounds,
): Result<string, EngineFailure> {
  const { toolChoice, tools } = generation;
  const calls: string[] = [];
  for (const [i, tool] of tools.entries()) {
    if (toolChoice.kind === 'tool' && tool.name !== toolChoice.name) continue;
    const given = argumentsRule(tool, i, rules, bounds);
    if (!given.ok) return given;
    calls.push(
      rules.add(`${literal(`${JSON.stringify(tool.name)}, "arguments": `)} ${given.value}`),
    );
  }
  return ok(`${literal('{"name": ')} ${anyOf(calls)} ${literal(`}\n${TOOL_CALL_CLOSE}`)}`);
}

function argumentsRule(
  { name, parameters, strict }: FunctionTool,
  at: number,
  rules: GrammarRules,
  bounds: JsonBounds,
): Result<string, EngineFailure> {
  // Arguments are an object, whatever the schema leaves open.
  const schema = 'type' in parameters ? parameters : { type: 'object', ...parameters };
  const rule = jsonGrammar(schema, rules, { bounds, strict });
  if (rule.ok) return rule;
  if (rule.error.kind === 'too-large' && !strict) return ok(freeRule('object', rules, bounds));
  const whose = `the tool '${name}'${strict ? " with 'strict: true'" : ''}`;
  return err(schemaFailure(rule.error, whose, `tools[${at}].parameters`));
}

function callsRule(call: string, rules: GrammarRules, callsMax: number): string {
  const one = rules.add(call);
  if (callsMax === 1) return one;
  const more = rules.add(`${literal(`\n${TOOL_CALL_OPEN}\n`)} ${one}`);
  return `${one} ${rules.times(more, 0, callsMax - 1)}`;
}

function outputRule(
  { output }: FunctionsOnly,
  rules: GrammarRules,
  bounds: JsonBounds,
): Result<string, EngineFailure> {
  if (output.kind !== 'json-schema') return ok(freeRule('object', rules, bounds));
  const rule = jsonGrammar(output.schema, rules, { bounds, strict: output.strict });
  return rule.ok ? rule : err(schemaFailure(rule.error, `'${output.name}'`, 'output.schema'));
}

function schemaFailure(problem: SchemaProblem, whose: string, field: string): EngineFailure {
  const { kind, detail } = problem;
  const path = problem.path.slice(0, PATH_CHARACTERS_SHOWN_MAX);
  if (kind === 'unsupported')
    return { kind, feature: `${detail} at ${path} in the schema of ${whose}`, field };
  const message = `The schema of ${whose} is wrong at ${path}: ${detail}.`;
  return { kind: 'rejected', message, field };
}
