// The bytes that a token stands for: many are no text by themselves, only a piece of a character.

import type { Vocabulary } from './constrained-tokens.ts';

/** GGUF's token types. */
const NORMAL = 1;
const BYTE = 6;
/** How SentencePiece writes a space. */
const SPACE = /\u2581/gu;

export function bytesOfToken({ tokens, types, isByteLevel }: Vocabulary, token: number): Buffer {
  const text = tokens[token] ?? '';
  const type = types[token] ?? NORMAL;
  const byte = type === BYTE ? /^<0x([0-9a-f]{2})>$/iu.exec(text)?.[1] : undefined;
  if (byte !== undefined) return Buffer.from(byte, 'hex');
  if (type !== NORMAL) return Buffer.from(text);
  if (!isByteLevel) return Buffer.from(text.replaceAll(SPACE, ' '));
  return Buffer.from(Array.from(text, (letter) => BYTE_OF_LETTER.get(letter) ?? 0));
}

/** GPT-2 shows each byte as one letter: itself where it can be printed, else the next one from U+0100 on. */
const BYTE_OF_LETTER: ReadonlyMap<string, number> = byteLetters();

function byteLetters(): ReadonlyMap<string, number> {
  const letters = new Map<string, number>();
  let hidden = 0;
  for (let byte = 0; byte < 0x100; byte += 1) {
    const isShown = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    letters.set(String.fromCodePoint(isShown ? byte : 0x100 + hidden), byte);
    if (!isShown) hidden += 1;
  }
  return letters;
}
