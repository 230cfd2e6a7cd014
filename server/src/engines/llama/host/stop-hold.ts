// Ends an answer at the stop string that is complete first, wherever it is split: text that may still become one is held
// back.

export class StopHold {
  readonly #stops: readonly string[];
  #held = '';

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** `stop` is the one that was found: the answer has ended. */
  push(text: string): { readonly text: string; readonly stop?: string } {
    const all = this.#held + text;
    const found = this.#firstStop(all);
    if (found !== undefined) {
      this.#held = '';
      return { text: all.slice(0, found.at), stop: found.stop };
    }
    const kept = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - kept);
    return { text: all.slice(0, all.length - kept) };
  }

  /** Nothing more comes, so what was held back is part of the answer. */
  end(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  /** The stop that ends first, where it begins: the model would have been stopped there, token by token. */
  #firstStop(text: string): { readonly at: number; readonly stop: string } | undefined {
    let first: { readonly at: number; readonly end: number; readonly stop: string } | undefined;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at < 0) continue;
      const end = at + stop.length;
      if (first === undefined || end < first.end || (end === first.end && at < first.at)) {
        first = { at, end, stop };
      }
    }
    return first;
  }
}

/** How many of the last characters of `text` are the beginning of `word`. */
export function overlap(text: string, word: string): number {
  for (let length = Math.min(text.length, word.length - 1); length > 0; length -= 1) {
    if (text.endsWith(word.slice(0, length))) return length;
  }
  return 0;
}
