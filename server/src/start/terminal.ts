// What the person at the terminal sees while the server starts and runs: progress of long steps, warnings, and one
// sentence when it can't go on.

import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colour only where it will be seen as colour; honours NO_COLOR and FORCE_COLOR. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export class Terminal {
  readonly #startedMs = performance.now();

  line(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  progress(text: string): void {
    this.line(`  ${paint('dim', '·')} ${text}`);
  }

  done(text: string): void {
    this.line(`  ${paint('green', '✓')} ${text}`);
  }

  warn(sentence: string): void {
    process.stderr.write(`  ${paint('yellow', '!')} ${sentence}\n`);
  }

  fail(sentence: string): void {
    process.stderr.write(`\n  ${paint('red', '✗')} ${sentence}\n\n`);
  }

  get elapsedSeconds(): string {
    return ((performance.now() - this.#startedMs) / 1000).toFixed(1);
  }
}
