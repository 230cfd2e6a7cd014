// Tools as clients declare them → tools as engines take them: plain names, valid schemas. Each tool is looked at by
// itself, what can be mended is mended and told, and only what can't be served is refused, by the tool's name. The names
// go back the other way in the answer.

import { err, ok, type Result } from '../../lib/result.ts';
import type { Generation, Item, OutputFormat, Tool } from '../generation/generation.ts';
import type { Part } from '../generation/part.ts';
import type { Repair } from '../generation/repair.ts';
import { repairSchema } from './repair-schema.ts';
import { engineToolName } from './tool-names.ts';

/** What can't be served: `tools[3].parameters.type`, `in the tool 'x' with 'strict: true'`, what is wrong with it. */
export type Unfit = { readonly field: string; readonly whose: string; readonly detail: string };

export type Fitted = {
  readonly generation: Generation;
  readonly repairs: readonly Repair[];
  /** The client's name of each tool whose engine has another one for it. */
  readonly clientNames: ReadonlyMap<string, string>;
};

export function fitTools(generation: Generation): Result<Fitted, Unfit> {
  if (namesNothing(generation)) return ok({ generation, repairs: [], clientNames: NO_NAMES });
  const fitting = new Fitting();
  const tools = generation.tools.map((tool, index) => fitting.tool(tool, index));
  const output = fitting.output(generation.output);
  if (fitting.unfit !== undefined) return err(fitting.unfit);
  const { repairs, clientNames } = fitting;
  const items = sameOr(
    generation.items,
    generation.items.map((item) => renamed(item)),
  );
  const { toolChoice } = generation;
  return ok({
    generation: {
      ...generation,
      items,
      tools,
      output,
      toolChoice:
        toolChoice.kind === 'tool'
          ? { ...toolChoice, name: engineToolName(toolChoice.name) }
          : toolChoice,
    },
    repairs,
    clientNames,
  });
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** The common case: no tools, no schema, and no call in what was said. */
function namesNothing({ tools, output, toolChoice, items }: Generation): boolean {
  const isPlain = tools.length === 0 && output.kind !== 'json-schema' && toolChoice.kind !== 'tool';
  return isPlain && items.every((item) => !('name' in item));
}

/** The answer's calls with the names that the client knows. */
export function withClientNames(
  parts: readonly Part[],
  clientNames: ReadonlyMap<string, string>,
): readonly Part[] {
  if (clientNames.size === 0) return parts;
  return parts.map((part) => {
    const name = part.kind === 'tool-call-start' ? clientNames.get(part.name) : undefined;
    return part.kind === 'tool-call-start' && name !== undefined ? { ...part, name } : part;
  });
}

class Fitting {
  readonly repairs: Repair[] = [];
  readonly clientNames = new Map<string, string>();
  readonly #taken = new Set<string>();
  unfit: Unfit | undefined;

  tool(tool: Tool, index: number): Tool {
    const field = `tools[${index}]`;
    const name = this.#name(tool.name, `${field}.name`);
    if (tool.kind === 'custom') return name === tool.name ? tool : { ...tool, name };
    const settings = { field: `${field}.parameters`, strict: tool.strict, isObject: true };
    const repaired = repairSchema(tool.parameters, settings);
    if (!repaired.ok) {
      this.unfit ??= {
        ...repaired.error,
        whose: `the tool '${shown(tool.name)}' with 'strict: true'`,
      };
      return tool;
    }
    const { schema, repairs } = repaired.value;
    this.repairs.push(...repairs);
    const isSame = name === tool.name && schema === tool.parameters;
    return isSame ? tool : { ...tool, name, parameters: schema };
  }

  #name(name: string, field: string): string {
    const known = engineToolName(name);
    if (this.#taken.has(known)) {
      const whose = `the tool '${shown(name)}'`;
      this.unfit ??= { field, whose, detail: 'another tool has this name already' };
    }
    this.#taken.add(known);
    if (known !== name) {
      this.clientNames.set(known, name);
      this.repairs.push({ field, detail: `the model knows it as ${known}` });
    }
    return known;
  }

  output(output: OutputFormat): OutputFormat {
    if (output.kind !== 'json-schema') return output;
    const { name, schema, strict } = output;
    const repaired = repairSchema(schema, { field: 'output.schema', strict, isObject: false });
    if (repaired.ok) {
      this.repairs.push(...repaired.value.repairs);
      return repaired.value.schema === schema
        ? output
        : { ...output, schema: repaired.value.schema };
    }
    this.unfit ??= { ...repaired.error, whose: `'${shown(name)}' with 'strict: true'` };
    return output;
  }
}

function renamed(item: Item): Item {
  if (!('name' in item)) return item;
  const name = engineToolName(item.name);
  return name === item.name ? item : { ...item, name };
}

function sameOr<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  return after.every((one, index) => one === before[index]) ? before : after;
}

const SHOWN_CHARACTERS_MAX = 100;

function shown(name: string): string {
  return name.slice(0, SHOWN_CHARACTERS_MAX);
}
