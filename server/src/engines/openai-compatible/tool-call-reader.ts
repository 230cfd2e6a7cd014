// Puts a streamed tool call together again: servers send calls in pieces or whole, with or without index and id, with
// the id once or a fresh one in each piece.

import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Part } from '../../domain/generation/part.ts';
import { isObject, objectOf, textOf } from './json.ts';

type OpenCall = {
  readonly index: number | undefined;
  readonly id: string | undefined;
  /** Where it stands among the calls of this answer. */
  readonly position: number;
  /** A call of OpenAI's own custom kind. */
  readonly isCustom: boolean;
  started: boolean;
  /** Arguments that came before the name. */
  early: string;
};

/** No model calls more tools than this in one answer; beyond it the server has run wild. */
const CALLS_MAX = 1024;

export class ToolCallReader {
  readonly #requestId: string;
  #open: OpenCall | undefined;
  #count = 0;

  constructor(requestId: string) {
    this.#requestId = requestId;
  }

  get count(): number {
    return this.#count;
  }

  read(deltas: readonly unknown[], parts: Part[]): EngineFailure | undefined {
    for (const delta of deltas) {
      if (!isObject(delta)) continue;
      const failure = this.#delta(delta, parts);
      if (failure) return failure;
    }
    return undefined;
  }

  /** Ends the call that is still open. */
  end(parts: Part[]): EngineFailure | undefined {
    const call = this.#open;
    this.#open = undefined;
    if (!call) return undefined;
    if (!call.started) return { kind: 'broken', detail: 'It called a tool without naming it.' };
    parts.push({ kind: 'tool-call-end', index: call.position });
    return undefined;
  }

  #delta(delta: { readonly [field: string]: unknown }, parts: Part[]): EngineFailure | undefined {
    const index = typeof delta['index'] === 'number' ? delta['index'] : undefined;
    const id = textOf(delta['id']);
    const custom = objectOf(delta['custom']);
    const called = custom ?? objectOf(delta['function']);
    const name = textOf(called?.['name']);
    let call = this.#open;
    if (!call || startsAnother(call, index, id, name)) {
      if (call?.index !== undefined && index !== undefined && index < call.index) {
        return {
          kind: 'broken',
          detail: 'It went on with a tool call after it had begun the next one.',
        };
      }
      const unsound = this.end(parts);
      if (unsound) return unsound;
      if (this.#count >= CALLS_MAX)
        return { kind: 'broken', detail: `It made over ${CALLS_MAX} tool calls.` };
      const isCustom = custom !== undefined;
      call = { index, id, position: this.#count, isCustom, started: false, early: '' };
      this.#open = call;
      this.#count += 1;
    }
    const said = argumentsOf(called?.[call.isCustom ? 'input' : 'arguments']);
    this.#append(call, id ?? call.id, name, said, parts);
    return undefined;
  }

  #append(
    call: OpenCall,
    id: string | undefined,
    name: string | undefined,
    args: string,
    parts: Part[],
  ): void {
    const index = call.position;
    if (!call.started && name === undefined) {
      call.early += args;
      return;
    }
    let all = args;
    if (!call.started && name !== undefined) {
      call.started = true;
      all = call.early + args;
      parts.push({
        kind: 'tool-call-start',
        index,
        callId: id ?? `call_${this.#requestId}_${index}`,
        name,
        ...(call.isCustom && { tool: 'custom' }),
      });
    }
    if (all === '') return;
    if (call.isCustom) parts.push({ kind: 'custom-input-delta', index, input: all });
    else parts.push({ kind: 'tool-call-delta', index, arguments: all });
  }
}

function startsAnother(
  call: OpenCall,
  index: number | undefined,
  id: string | undefined,
  name: string | undefined,
): boolean {
  if (index !== undefined && call.index !== undefined && index !== call.index) return true;
  // A call begins with its name. Old vLLM sends a fresh id with every piece, so an id alone begins nothing.
  if (name === undefined || !call.started) return false;
  if (id !== undefined && call.id !== undefined) return id !== call.id;
  return index === undefined;
}

/** JSON text; some servers send the object itself. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return isObject(value) ? JSON.stringify(value) : '';
}
