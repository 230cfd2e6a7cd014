// The letters of our pages: IBM Plex Sans, which has those of Europe (Latin, Greek, Cyrillic) and of Vietnamese. What a page
// uses of it is embedded, so that it looks the same everywhere.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { lettersOf } from './font-letters.ts';

const FILES = {
  regular: '@expo-google-fonts/ibm-plex-sans/400Regular/IBMPlexSans_400Regular.ttf',
  bold: '@expo-google-fonts/ibm-plex-sans/600SemiBold/IBMPlexSans_600SemiBold.ttf',
} as const;

export type Typeface = {
  readonly regular: Buffer;
  readonly bold: Buffer;
  readonly letters: ReadonlySet<number>;
};

let loaded: Promise<Typeface> | undefined;

/** Read once, when the first page is made. */
export function typeface(): Promise<Typeface> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Typeface> {
  const [regular, bold] = await Promise.all([fileOf(FILES.regular), fileOf(FILES.bold)]);
  const inBold = lettersOf(bold);
  return { regular, bold, letters: lettersOf(regular).intersection(inBold) };
}

function fileOf(name: string): Promise<Buffer> {
  return readFile(fileURLToPath(import.meta.resolve(name)));
}

/** In the place of a letter that is not there: a box that nobody takes for a letter. */
const BOX = '\u25a1';

export type Shown = { readonly text: string; readonly missing: readonly string[] };

/** What of a text can be shown. A letter that is missing loses its accent, or becomes a box; both are told. */
export function showable(words: string, letters: ReadonlySet<number>): Shown {
  const missing: string[] = [];
  const has = (letter: string): boolean => letters.has(letter.codePointAt(0) ?? 0);
  let text = '';
  for (const letter of words.normalize('NFC')) {
    if (has(letter)) {
      text += letter;
      continue;
    }
    missing.push(letter);
    const bare = letter.normalize('NFD').charAt(0);
    text += has(bare) ? bare : BOX;
  }
  return { text, missing };
}
