// Aligned columns, two spaces apart, headings dimmed: readable in a terminal and in a pipe.

import { stripVTControlCharacters } from 'node:util';

import { dim } from './paint.ts';

/** What a reader takes for one character: an emoji of five code points is one. */
const CHARACTERS = new Intl.Segmenter();

export type Column = { readonly heading: string; readonly align?: 'right' };

export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const headings = columns.map(({ heading }) => dim(heading));
  const lines = [headings, ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => widthOf(line[at] ?? ''))));
  return lines
    .map((line) =>
      columns
        .map(({ align }, at) => pad(line[at] ?? '', widths[at] ?? 0, align))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(cell: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(width - widthOf(cell));
  return align === 'right' ? space + cell : cell + space;
}

function widthOf(cell: string): number {
  return [...CHARACTERS.segment(stripVTControlCharacters(cell))].length;
}
