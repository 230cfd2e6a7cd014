// Recorded answers as TypeScript, each declared as what the official client says it is: then the compiler says whether
// our bodies and events have every required member, no member of a wrong type, and none that the client does not know.
// The types are newer than any published document.

import { jsonOf, type Recording } from './recording.ts';
import type { Kind } from './questions.ts';

const TYPES = {
  chat: { whole: 'OpenAI.ChatCompletion', event: 'OpenAI.ChatCompletionChunk' },
  responses: {
    whole: 'OpenAI.Responses.Response',
    event: 'OpenAI.Responses.ResponseStreamEvent',
  },
  messages: { whole: 'Anthropic.Message', event: 'Anthropic.RawMessageStreamEvent' },
} as const;

/**
 * Members that we send and the types do not have: raw reasoning as clients of open models read it, and what the Open
 * Responses document requires of a response and of its events.
 */
const BEYOND: ReadonlySet<string> = new Set([
  'reasoning',
  'store',
  'presence_penalty',
  'frequency_penalty',
]);

/** Members that may be missing by the types and are null on the wire of the real servers. */
const NULLED: ReadonlySet<string> = new Set(['system_fingerprint', 'usage', 'description']);

export function typedSource(kind: Kind, recordings: readonly Recording[]): string {
  const { whole, event } = TYPES[kind];
  const lines = recordings.flatMap((recording): readonly Line[] => {
    const { name } = recording;
    const type = recording.whole === undefined ? event : whole;
    return saidIn(recording).map((json) => ({ json, type, name }));
  });
  return [
    '// Made by a test.',
    "import type Anthropic from '@anthropic-ai/sdk';",
    "import type OpenAI from 'openai';",
    'export type Used = [Anthropic, OpenAI];',
    ...distinct(lines).map(
      ({ json, type, name }, at) =>
        `/** ${name} */\nexport const said${at}: ${type} = ${JSON.stringify(json, without)};`,
    ),
  ].join('\n');
}

/** Pings are not in the types of Anthropic's events: its client drops them before. */
function saidIn(recording: Recording): readonly unknown[] {
  if (recording.whole !== undefined) return [recording.whole];
  return jsonOf(recording).filter((json) => !JSON.stringify(json).startsWith('{"type":"ping"'));
}

function without(this: unknown, key: string, value: unknown): unknown {
  // The published document requires it, the types have forgotten it.
  if (key === 'name' && isArgumentsDone(this)) return undefined;
  if (NULLED.has(key) && value === null) return undefined;
  // The client puts it there itself; its type of a response on the wire is the same as that of one in the hand.
  if (isResponse(value) && !('output_text' in value)) return { ...value, output_text: '' };
  return BEYOND.has(key) ? undefined : value;
}

function isResponse(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && 'object' in value && value.object === 'response'
  );
}

function isArgumentsDone(holder: unknown): boolean {
  const type = typeof holder === 'object' && holder !== null && 'type' in holder && holder.type;
  return type === 'response.function_call_arguments.done';
}

type Line = { readonly json: unknown; readonly type: string; readonly name: string };

/** Deltas of one stream differ in their words only; one of each form is enough for the compiler. */
function distinct(lines: readonly Line[]): readonly Line[] {
  const byForm = new Map(lines.map((line) => [formOf(line.json), line]));
  return [...byForm.values()];
}

/** A value with its words and numbers taken out, but not those that tell one form from another. */
function formOf(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    const tells = ['type', 'status', 'role', 'finish_reason', 'stop_reason', 'object', 'reason'];
    if (tells.includes(key)) return inner;
    return typeof inner === 'string' || typeof inner === 'number' ? typeof inner : inner;
  });
}
