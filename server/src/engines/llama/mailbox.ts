// Parts of one generation between the engine's process, which sends when it has some, and the reader, who takes what
// is there. Its size is bounded by the ticket's output tokens.

import type { Part } from '../../domain/generation/part.ts';

export class Mailbox {
  #parts: Part[] = [];
  #wake: (() => void) | undefined;

  put(parts: readonly Part[]): void {
    for (const part of parts) this.#add(part);
    this.#wake?.();
  }

  /** Everything that has arrived; waits until there is something. */
  async take(): Promise<readonly Part[]> {
    while (this.#parts.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** A slow reader gets one longer delta and the latest count instead of many of each. */
  #add(part: Part): void {
    const last = this.#parts.at(-1);
    if (part.kind === 'usage' && last?.kind === 'usage') this.#parts.splice(-1, 1, part);
    else if (part.kind === 'text-delta' && this.#parts.length > 1) this.#addText(part);
    else this.#parts.push(part);
  }

  #addText(part: Part & { kind: 'text-delta' }): void {
    const [earlier, usage] = this.#parts.slice(-2);
    if (earlier?.kind !== 'text-delta' || usage?.kind !== 'usage') {
      this.#parts.push(part);
      return;
    }
    // The count that follows this delta takes the place of the one that is dropped here.
    const { logprobs: before = [] } = earlier;
    const logprobs = [...before, ...(part.logprobs ?? [])];
    const text = earlier.text + part.text;
    const both = { ...earlier, text, ...(logprobs.length > 0 && { logprobs }) };
    this.#parts.splice(-2, 2, both, usage);
  }
}
