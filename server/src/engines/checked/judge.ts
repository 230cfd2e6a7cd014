// Whether one try may go out as the answer, and what is wrong with it where it may not.

import {
  argumentsMistake,
  choiceMistake,
  jsonMistake,
  type Checks,
  type Mistake,
} from '../../domain/generation/checked-output.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Generation } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import type { Attempt } from './attempt.ts';
import type { Checked, SchemaChecker } from './schema-checker.ts';

export type Judgement =
  | { readonly kind: 'answer'; readonly parts: readonly Part[] }
  | {
      readonly kind: 'wrong';
      readonly mistake: Mistake;
      /** Goes out where no better one came: JSON that is not of its schema, where the schema is no promise. */
      readonly fallback?: readonly Part[];
    };

export async function judge(
  attempt: Attempt,
  checks: Checks,
  checker: SchemaChecker,
): Promise<Judgement> {
  const { ended } = attempt;
  if (ended === undefined) {
    const detail = 'the engine stopped without a finish';
    return { kind: 'answer', parts: [{ kind: 'failure', failure: { kind: 'broken', detail } }] };
  }
  if (ended.kind === 'failure') return { kind: 'answer', parts: [ended] };
  const asItIs: Judgement = { kind: 'answer', parts: [...attempt.held(), ended] };
  // What was cut says so by its reason, and nobody takes it for the whole.
  const isCut = ended.reason === 'length' || ended.reason === 'content-filter';
  if (isCut || attempt.isRefusal) return asItIs;
  if (checks.mustCall !== undefined && !attempt.keepsChoice) {
    return { kind: 'wrong', mistake: choiceMistake(checks.mustCall) };
  }
  const { calls } = attempt;
  for (const call of calls) {
    const schema = checks.arguments.get(call.name);
    if (schema === undefined || call.kind !== 'tool-call') continue;
    const said = call.arguments || '{}';
    const checked = await checker.check({ schema: JSON.stringify(schema), said });
    if (checked.kind === 'valid') continue;
    return { kind: 'wrong', mistake: argumentsMistake(call.name, problemOf(checked)) };
  }
  if (checks.json === undefined || calls.length > 0) return asItIs;
  return await judgeJson(attempt, checks.json, { ended, checker });
}

type Around = { readonly ended: Part; readonly checker: SchemaChecker };

async function judgeJson(
  attempt: Attempt,
  { schema, strict }: NonNullable<Checks['json']>,
  { ended, checker }: Around,
): Promise<Judgement> {
  const said = withoutFence(attempt.text);
  const known = schema === undefined ? undefined : JSON.stringify(schema);
  const checked = await checker.check({ schema: known, said });
  const parts = [...attempt.held(said === attempt.text ? undefined : said), ended];
  if (checked.kind === 'valid') return { kind: 'answer', parts };
  const judged = { kind: 'wrong', mistake: jsonMistake(problemOf(checked)) } as const;
  return !strict && checked.kind === 'invalid' ? { ...judged, fallback: parts } : judged;
}

/** Models like to put JSON into a fence, whatever they are told; what stands in it is what they mean. */
function withoutFence(text: string): string {
  const fenced = /^```\w*\s*\n([\s\S]*?)\n?```$/.exec(text.trim());
  return fenced?.[1] ?? text;
}

function problemOf(checked: Exclude<Checked, { kind: 'valid' }>): string {
  return checked.kind === 'too-slow' ? 'it took too long to check' : checked.problem;
}

/** Before the engine is asked: a schema that nothing can be checked against. */
export async function unusableSchema(
  { tools }: Generation,
  checks: Checks,
  checker: SchemaChecker,
): Promise<EngineFailure | undefined> {
  const schemas = [...checks.arguments].map(([name, schema]) => {
    const index = tools.findIndex((tool) => tool.name === name);
    return { schema, field: `tools[${index}].parameters` };
  });
  if (checks.json?.schema !== undefined) {
    schemas.push({ schema: checks.json.schema, field: 'output.schema' });
  }
  for (const { schema, field } of schemas) {
    const checked = await checker.check({ schema: JSON.stringify(schema), said: undefined });
    if (checked.kind === 'valid') continue;
    const why = 'problem' in checked ? checked.problem : 'it takes too long to compile';
    return { kind: 'rejected', field, message: `The schema can't be used: ${why}.` };
  }
  return undefined;
}
