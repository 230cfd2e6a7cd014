// Tells what a model thinks from what it says: <think>…</think>, at the very start of an answer only, so that an
// answer may speak of the tag.

import { overlap } from './stop-hold.ts';

export const THINK_OPEN = '<think>';
export const THINK_CLOSE = '</think>';

export type Split = { readonly reasoning: string; readonly text: string };

export class ReasoningSplit {
  /** `start`: it is not known yet. `gap`: the white space between thinking and answer, which is neither. */
  #state: 'start' | 'thinking' | 'gap' | 'answer';
  #held = '';
  #hasThought = false;

  /** `opened`: the prompt itself ends with the opening tag. */
  constructor(opened: boolean) {
    this.#state = opened ? 'thinking' : 'start';
  }

  /** Thinking came, and came to its end. */
  get hasThought(): boolean {
    return this.#hasThought;
  }

  get isThinking(): boolean {
    return this.#state === 'thinking';
  }

  get isUndecided(): boolean {
    return this.#state === 'start';
  }

  push(text: string): Split {
    switch (this.#state) {
      case 'start':
        return this.#begin(this.#held + text);
      case 'thinking':
        return this.#think(this.#held + text);
      case 'gap':
        return { reasoning: '', text: this.#leaveGap(text) };
      case 'answer':
        return { reasoning: '', text };
    }
  }

  /** Nothing more comes. */
  end(): Split {
    const held = this.#held;
    this.#held = '';
    return this.#state === 'thinking'
      ? { reasoning: held, text: '' }
      : { reasoning: '', text: held };
  }

  #begin(text: string): Split {
    const word = text.trimStart();
    if (word.startsWith(THINK_OPEN)) {
      this.#state = 'thinking';
      return this.#think(word.slice(THINK_OPEN.length).trimStart());
    }
    if (THINK_OPEN.startsWith(word)) {
      this.#held = text;
      return { reasoning: '', text: '' };
    }
    this.#state = 'answer';
    this.#held = '';
    return { reasoning: '', text };
  }

  #think(text: string): Split {
    const end = text.indexOf(THINK_CLOSE);
    if (end < 0) {
      const kept = overlap(text, THINK_CLOSE);
      this.#held = text.slice(text.length - kept);
      return { reasoning: text.slice(0, text.length - kept), text: '' };
    }
    this.#state = 'gap';
    this.#hasThought = true;
    this.#held = '';
    const after = text.slice(end + THINK_CLOSE.length);
    return { reasoning: text.slice(0, end), text: this.#leaveGap(after) };
  }

  #leaveGap(text: string): string {
    const word = text.trimStart();
    if (word !== '') this.#state = 'answer';
    return word;
  }
}
