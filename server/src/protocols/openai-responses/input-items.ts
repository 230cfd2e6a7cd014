// The items of `input` → items of the hub, one by one, so that whatever is wrong is named by its own path.

import type { z } from 'zod';
import type { Item } from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Sealer } from '../../domain/sealing/sealer.ts';
import type { Earlier } from '../../domain/stored/recollection.ts';
import { assert } from '../../lib/assert.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { fieldName, firstIssue } from '../first-issue.ts';
import { readContent } from './content.ts';
import {
  additionalTools,
  callOutput,
  compaction,
  customToolCall,
  functionCall,
  messageItem,
  reasoning,
} from './item-schemas.ts';
import { referenceOf } from './recall.ts';
import { flatName } from './tool-names.ts';

/** Tools that stand at a place of their own in the request. */
export type ToolList = {
  readonly path: readonly PropertyKey[];
  readonly tools: readonly unknown[];
};

export type Conversation = {
  readonly items: readonly Item[];
  /** Codex declares its tools in the conversation. */
  readonly toolLists: readonly ToolList[];
  readonly ignored: readonly string[];
};

type Draft = {
  readonly items: Item[];
  readonly toolLists: ToolList[];
  readonly ignored: string[];
  /** Calls that the end of an answer cut off. */
  readonly cut: Set<string>;
  /** Opens what this server has sealed. */
  readonly sealer: Sealer | undefined;
};
/** Where in the request it stands, or by what it came into it. */
type At = readonly [From, number];
type From = 'input' | 'items' | 'previous_response_id' | 'conversation';
type Read = (draft: Draft, item: unknown, at: At) => Refusal | undefined;

/** What was said before comes first. It was right when it was kept: what can't be read of it is a mistake of ours. */
export function readInput(
  input: string | readonly unknown[],
  { items: earlier, named }: Earlier,
  sealer?: Sealer,
  from: From = 'previous_response_id',
): Result<Conversation, Refusal> {
  const draft = newDraft(sealer);
  for (const [index, item] of earlier.entries()) {
    const refusal = readItem(draft, item, [from, index]);
    // Only what is sealed gets too old to be read.
    if (refusal?.kind === 'sealed-content-unreadable') return err(refusal);
    if (refusal !== undefined) return err({ kind: 'internal' });
  }
  draft.ignored.length = 0;
  const calls = new Calls();
  for (const item of draft.items) calls.take(item, EARLIER);
  const own = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  for (const [index, item] of own.entries()) {
    const known = draft.items.length;
    const refusal = readItem(draft, named.get(referenceOf(item) ?? '') ?? item, ['input', index]);
    if (refusal !== undefined) return err(refusal);
    for (const added of draft.items.slice(known)) {
      const unasked = calls.take(added, index);
      if (unasked !== undefined) return err(unasked);
    }
  }
  const unanswered = calls.unanswered(draft.cut);
  if (unanswered !== undefined) return err(ofEarlier(...unanswered));
  draft.ignored.push(...calls.leftOut());
  const items = draft.items.filter((item) => !isCall(item) || calls.isAnswered(item.callId));
  return ok({ ...draft, items });
}

function newDraft(sealer: Sealer | undefined): Draft {
  return { items: [], toolLists: [], ignored: [], cut: new Set(), sealer };
}

/** The place of what the client did not send now. */
const EARLIER = -1;

/** What was said before has no path in this request. */
function ofEarlier(refusal: Refusal, index: number): Refusal {
  return index < 0 && 'field' in refusal ? { ...refusal, field: 'input' } : refusal;
}

/** What is wrong with an item, whatever stands around it. */
export function readAlone(
  item: unknown,
  index: number,
  sealer: Sealer | undefined,
): Refusal | undefined {
  return readItem(newDraft(sealer), item, ['items', index]);
}

function readItem(draft: Draft, item: unknown, at: At): Refusal | undefined {
  const field = fieldName(at);
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    return invalid(field, `Invalid '${field}': expected an item, which is a JSON object.`);
  }
  const type = 'type' in item ? item.type : undefined;
  const reference = referenceOf(item);
  if (reference !== undefined) return { kind: 'not-found', what: 'item', id: reference };
  // Easy messages have no type, only a role.
  if (type == null && 'role' in item) return readMessage(draft, item, at);
  if (type == null) return invalid(`${field}.type`, `Missing required parameter: '${field}.type'.`);
  const read = typeof type === 'string' ? READERS.get(type) : undefined;
  return read === undefined ? unknownType(type, field) : read(draft, item, at);
}

const SHOWN_CHARACTERS_MAX = 64;

function unknownType(type: unknown, field: string): Refusal {
  const unknown = typeof type === 'string' ? JSON.stringify(shown(type)) : 'what is no text';
  const known = [...READERS.keys()].join(', ');
  return invalid(
    `${field}.type`,
    `Invalid '${field}.type': ${unknown} is not supported; expected one of ${known}.`,
  );
}

/** A reader of one type of item: parses it, names what is wrong by its path, and hands over what is right. */
function reader<S extends z.ZodType>(
  schema: S,
  take: (draft: Draft, item: z.output<S>, at: At) => Refusal | undefined,
): Read {
  return (draft, item, at) => {
    const parsed = schema.safeParse(item);
    if (!parsed.success) return firstIssue(parsed.error.issues, at);
    return take(draft, parsed.data, at);
  };
}

const readMessage = reader(messageItem, (draft, { id, role, phase, content }, at) => {
  const said = readContent(content, `${fieldName(at)}.content`);
  if (!said.ok) return said.error;
  const ofPhase = role === 'assistant' && phase != null ? { phase } : {};
  draft.items.push({ kind: 'message', ...idOf(id), role, content: said.value, ...ofPhase });
  return undefined;
});

const readCallOutput = reader(callOutput, (draft, item, at) => {
  const said = readContent(item.output, `${fieldName(at)}.output`);
  if (!said.ok) return said.error;
  const { call_id: callId } = item;
  draft.items.push({ kind: 'tool-result', ...idOf(item.id), callId, content: said.value });
  return undefined;
});

/** Holds items of this protocol. They are the conversation, so it can't go on without them. */
function readCompaction(
  draft: Draft,
  { encrypted_content: data }: z.output<typeof compaction>,
  at: At,
): Refusal | undefined {
  const field = `${fieldName(at)}.encrypted_content`;
  const opened = draft.sealer?.open('compaction', data);
  if (opened === undefined) return { kind: 'sealed-content-unreadable', field };
  const items: unknown = JSON.parse(opened);
  assert(Array.isArray(items), 'what was compacted is a list of items');
  for (const item of items) {
    const refusal = readItem(draft, item, at);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const READERS: ReadonlyMap<string, Read> = new Map([
  ['message', readMessage],
  [
    'function_call',
    reader(
      functionCall,
      (draft, { id, call_id: callId, namespace, name, arguments: json, status }) => {
        noteCut(draft, callId, status);
        const known = namespace == null ? name : flatName(namespace, name);
        draft.items.push({ kind: 'tool-call', ...idOf(id), callId, name: known, arguments: json });
        return undefined;
      },
    ),
  ],
  ['function_call_output', readCallOutput],
  [
    'custom_tool_call',
    reader(customToolCall, (draft, { id, call_id: callId, namespace, name, input, status }) => {
      noteCut(draft, callId, status);
      const known = namespace == null ? name : flatName(namespace, name);
      draft.items.push({ kind: 'custom-tool-call', ...idOf(id), callId, name: known, input });
      return undefined;
    }),
  ],
  ['custom_tool_call_output', readCallOutput],
  [
    'reasoning',
    reader(reasoning, (draft, item, at) => {
      const { id, encrypted_content: data } = item;
      const opened = data ? draft.sealer?.open('reasoning', data) : undefined;
      const text = opened ?? (item.content ?? []).map((part) => part.text).join('');
      const summary = item.summary.map((part) => part.text);
      const foreign = data && opened === undefined;
      const sealed = foreign ? { sealed: { form: 'encrypted' as const, data } } : {};
      const summed = summary.length > 0 ? { summary } : {};
      if (text === '' && summary.length === 0 && !foreign) return undefined;
      draft.items.push({ kind: 'reasoning', ...idOf(id), text, ...summed, ...sealed });
      // What we can't open, the conversation goes on without: an agent would send it again for ever.
      if (text === '' && summary.length === 0) {
        draft.ignored.push(`${fieldName(at)}.encrypted_content (invalid_encrypted_content)`);
      }
      return undefined;
    }),
  ],
  ['compaction', reader(compaction, readCompaction)],
  [
    'additional_tools',
    reader(additionalTools, (draft, { tools }, at) => {
      draft.toolLists.push({ path: [...at, 'tools'], tools });
      return undefined;
    }),
  ],
]);

function idOf(id: string | null | undefined): { readonly id?: string } {
  return id == null ? {} : { id };
}

function isCall(item: Item): item is Extract<Item, { readonly callId: string }> {
  return item.kind === 'tool-call' || item.kind === 'custom-tool-call';
}

/** A conversation goes on without the calls that were cut off before they were whole: their arguments are no JSON. */
function noteCut({ cut }: Draft, callId: string, status: string | null | undefined): void {
  if (status === 'incomplete') cut.add(callId);
}

/** OpenAI's rule: every call is answered, and every answer has its call before it. */
class Calls {
  readonly #made = new Map<string, number>();
  readonly #answered = new Set<string>();

  take(item: Item, index: number): Refusal | undefined {
    if (isCall(item)) {
      this.#made.set(item.callId, index);
    }
    if (item.kind !== 'tool-result') return undefined;
    this.#answered.add(item.callId);
    if (this.#made.has(item.callId)) return undefined;
    const message = `No tool call found for function call output with call_id ${shown(item.callId)}.`;
    return invalid(`input[${index}].call_id`, message);
  }

  /** Of the client's own input, those that the conversation goes on without. */
  leftOut(): readonly string[] {
    return [...this.#made]
      .filter(([callId, index]) => index !== EARLIER && !this.#answered.has(callId))
      .map(([, index]) => `input[${index}] (incomplete)`);
  }

  isAnswered(callId: string): boolean {
    return this.#answered.has(callId);
  }

  /** `cut`: those that nobody could make, and so nobody answers. */
  unanswered(cut: ReadonlySet<string>): readonly [Refusal, number] | undefined {
    for (const [callId, index] of this.#made) {
      if (this.#answered.has(callId) || cut.has(callId)) continue;
      const message = `No tool output found for function call ${shown(callId)}.`;
      return [invalid(`input[${index}].call_id`, message), index];
    }
    return undefined;
  }
}

function shown(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS_MAX);
}

function invalid(field: string, message: string): Refusal {
  return { kind: 'invalid-request', field, message };
}
