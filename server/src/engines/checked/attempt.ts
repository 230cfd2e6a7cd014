// What one try of the engine has said, and how much of it may go out before the rest was checked: reasoning and counts at
// once, and everything else from the first part that is in question on has to wait, so that the order stays.

import type { Checks } from '../../domain/generation/checked-output.ts';
import type { CustomToolCall, ToolCall } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import type { MeterDoubt } from '../../domain/metering/meter.ts';
import { NO_USAGE, sumOf, type Usage, type UsageSource } from '../../domain/generation/usage.ts';

export type Ended = Extract<Part, { readonly kind: 'finish' | 'failure' }>;

export class Attempt {
  readonly #checks: Checks;
  /** What the tries before this one have used. */
  readonly #before: Usage;
  readonly #held: Part[] = [];
  readonly #calls: { isCustom: boolean; callId: string; name: string; said: string }[] = [];
  #text = '';
  #pieces = 0;
  #refused = false;
  #usage: Usage | undefined;
  #source: UsageSource = 'counted';
  #doubts: readonly MeterDoubt[] | undefined;
  ended: Ended | undefined;

  constructor(checks: Checks, before: Usage = NO_USAGE) {
    this.#checks = checks;
    this.#before = before;
  }

  /** Of this try and those before it. Where the engine counts nothing, its pieces are what is known. */
  get usage(): Usage {
    const own = this.#usage ?? { ...NO_USAGE, output: this.#pieces };
    return sumOf(this.#before, own);
  }

  get usagePart(): Part {
    const doubts = this.#doubts;
    return { kind: 'usage', usage: this.usage, source: this.#source, ...(doubts && { doubts }) };
  }

  get text(): string {
    return this.#text;
  }

  /** A refusal is no JSON and no call, and is an answer all the same. */
  get isRefusal(): boolean {
    return this.#refused;
  }

  /** False until the call came that the client demanded, if any. */
  get keepsChoice(): boolean {
    const { mustCall } = this.#checks;
    if (mustCall === undefined) return true;
    const { name } = mustCall;
    return this.#calls.some((call) => name === undefined || call.name === name);
  }

  get calls(): readonly (ToolCall | CustomToolCall)[] {
    return this.#calls.map(({ isCustom, callId, name, said }) =>
      isCustom
        ? { kind: 'custom-tool-call', callId, name, input: said }
        : { kind: 'tool-call', callId, name, arguments: said },
    );
  }

  /** Everything that waits, once it was found right; `text` in the place of what was said, where that is given. */
  held(text?: string): readonly Part[] {
    if (text === undefined) return this.#held;
    const others = this.#held.filter((part) => part.kind !== 'text-delta');
    return text === '' ? others : [{ kind: 'text-delta', text }, ...others];
  }

  /** What of these may go out now. */
  take(parts: readonly Part[]): Part[] {
    const out: Part[] = [];
    for (const part of parts) {
      this.#note(part);
      if (part.kind === 'finish' || part.kind === 'failure') this.ended = part;
      else if (part.kind === 'usage') out.push(this.usagePart);
      else if (this.#mustWait(part)) this.#held.push(part);
      else out.push(part);
    }
    return out;
  }

  #mustWait(part: Part): boolean {
    if (this.#held.length > 0) return true;
    switch (part.kind) {
      case 'text-delta':
        return this.#checks.json !== undefined || !this.keepsChoice;
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'custom-input-delta':
      case 'tool-call-end':
        return this.#checks.arguments.size > 0 || !this.keepsChoice;
      default:
        return false;
    }
  }

  #note(part: Part): void {
    if (part.kind.endsWith('-delta')) this.#pieces++;
    switch (part.kind) {
      case 'text-delta':
        this.#text += part.text;
        break;
      case 'refusal-delta':
        this.#refused = true;
        break;
      case 'tool-call-start':
        this.#calls.push({
          isCustom: part.tool === 'custom',
          callId: part.callId,
          name: part.name,
          said: '',
        });
        break;
      case 'tool-call-delta':
        this.#say(part.index, part.arguments);
        break;
      case 'custom-input-delta':
        this.#say(part.index, part.input);
        break;
      case 'usage':
        this.#usage = part.usage;
        this.#source = part.source;
        this.#doubts = part.doubts;
        break;
      default:
    }
  }

  #say(index: number, more: string): void {
    const call = this.#calls[index];
    if (call !== undefined) call.said += more;
  }
}
