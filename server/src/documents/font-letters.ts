// Which letters a font has, read from its file: the table `cmap` of TrueType, in its format 4, which has all letters below
// U+10000. https://learn.microsoft.com/typography/opentype/spec/cmap

const UNICODE = new Set([0, 3]);
const FORMAT_FOUR = 4;

export function lettersOf(font: Buffer): ReadonlySet<number> {
  const table = tableAt(font, 'cmap');
  const letters = new Set<number>();
  const count = font.readUInt16BE(table + 2);
  for (let n = 0; n < count; n++) {
    const record = table + 4 + 8 * n;
    const at = table + font.readUInt32BE(record + 4);
    const isUnicode = UNICODE.has(font.readUInt16BE(record));
    if (isUnicode && font.readUInt16BE(at) === FORMAT_FOUR) addSegments(font, at, letters);
  }
  return letters;
}

function tableAt(font: Buffer, tag: string): number {
  const count = font.readUInt16BE(4);
  for (let n = 0; n < count; n++) {
    const record = 12 + 16 * n;
    if (font.toString('latin1', record, record + 4) === tag) return font.readUInt32BE(record + 8);
  }
  throw new Error(`The font has no table "${tag}".`);
}

/** Segments of letters that follow each other; a letter whose glyph is 0 is not there. */
function addSegments(font: Buffer, at: number, letters: Set<number>): void {
  const bytes = font.readUInt16BE(at + 6); // twice the number of segments
  const [ends, starts] = [at + 14, at + 16 + bytes];
  const [deltas, offsets] = [starts + bytes, starts + 2 * bytes];
  for (let n = 0; n < bytes; n += 2) {
    const [start, end] = [font.readUInt16BE(starts + n), font.readUInt16BE(ends + n)];
    const [delta, offset] = [font.readUInt16BE(deltas + n), font.readUInt16BE(offsets + n)];
    for (let letter = start; letter <= end && letter < 0xffff; letter++) {
      const raw =
        offset === 0 ? letter : font.readUInt16BE(offsets + n + offset + 2 * (letter - start));
      if (offset !== 0 && raw === 0) continue;
      if (((raw + delta) & 0xffff) !== 0) letters.add(letter);
    }
  }
}
