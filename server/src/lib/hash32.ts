// A hash of text that is the same everywhere and for ever: 32-bit FNV-1a over its UTF-16 code units. Not for secrets.
// Source: http://www.isthe.com/chongo/tech/comp/fnv/

const OFFSET_BASIS = 0x81_1c_9d_c5;
const PRIME = 0x01_00_01_93;

export function hash32(text: string): number {
  let hash = OFFSET_BASIS;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), PRIME) >>> 0;
  }
  return hash;
}
