// What a scripted model does unasked, by the name that the engine knows it under: for test suites of other people, whose
// prompts hold no markers.

import type { Generation, JsonSchema, Tool } from '../../domain/generation/generation.ts';
import type { Script } from './script.ts';

const REASONING_TOKENS = 3;

/** `hasResults`: its tools have answered what was asked. */
export function withHabits(
  script: Script,
  engineModel: string,
  { tools, toolChoice }: Generation,
  hasResults: boolean,
): Script {
  const [first] = tools;
  const reasons = engineModel.includes('reasons') && script.reasoningTokens === 0;
  const calls =
    engineModel.includes('calls-tools') && script.tools.length === 0 && toolChoice.kind !== 'none';
  return {
    ...script,
    ...(reasons && { reasoningTokens: REASONING_TOKENS }),
    ...(calls && !hasResults && first !== undefined && { tools: [leastCall(first)] }),
  };
}

function leastCall(tool: Tool): { readonly name: string; readonly arguments: string } {
  const { name } = tool;
  return {
    name,
    arguments: tool.kind === 'custom' ? name : JSON.stringify(leastObject(tool.parameters)),
  };
}

/** Every required property, as empty as its type can be. */
function leastObject({ properties, required }: JsonSchema): object {
  const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
  const schemas = isObject(properties) ? properties : {};
  return Object.fromEntries(names.map((name) => [name, leastOf(schemas[name])]));
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

const LEAST: { readonly [type: string]: unknown } = {
  string: '',
  number: 0,
  integer: 0,
  boolean: false,
  array: [],
  object: {},
};

function leastOf(schema: unknown): unknown {
  const type = isObject(schema) ? schema['type'] : undefined;
  return typeof type === 'string' ? (LEAST[type] ?? null) : null;
}
