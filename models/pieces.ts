// Cuts Markdown pages into the pieces that a search finds: a section, or a part of one, under its headings. The encoder is
// trained on pieces that are cut the same way, in training/encoder/docs.py.

export type Piece = { readonly page: string; readonly headings: string; readonly text: string };

const PIECE_WORDS_MAX = 90;

export function cutPage(page: string, markdown: string): Piece[] {
  const pieces: Piece[] = [];
  const path: string[] = [];
  let lines: string[] = [];
  let fenced = false;
  const finish = (): void => {
    const text = lines.join('\n').trim();
    lines = [];
    if (text !== '') pieces.push({ page, headings: path.join(' › '), text });
  };
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) fenced = !fenced;
    const heading = fenced ? null : /^(#{1,4}) (.*)/.exec(line);
    if (heading === null) {
      if (words(lines.join(' ')) > PIECE_WORDS_MAX) finish();
      lines.push(line);
    } else {
      finish();
      path.splice((heading[1] ?? '').length - 1, path.length, heading[2] ?? '');
    }
  }
  finish();
  return pieces;
}

function words(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}
