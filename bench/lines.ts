// Figures as lines, each beside its goal: for what has no columns to be compared with.

export type Line = { readonly what: string; readonly seen: string; readonly met?: boolean };

export function renderLines(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(({ what }) => what.length));
  return lines
    .map(({ what, seen, met }) => {
      const mark = met === undefined ? '' : met ? 'met' : 'MISSED';
      return `${mark.padEnd(8)}${what.padEnd(width)}  ${seen}`;
    })
    .join('\n');
}
