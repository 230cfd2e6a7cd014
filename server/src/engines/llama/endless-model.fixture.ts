// The shipped model without an end: a copy whose end-of-turn tokens are ordinary ones, so that an answer stops only at a
// limit. Tests that need a long answer must not depend on what the model feels like saying.

import { readFile, writeFile } from 'node:fs/promises';

export const SHIPPED_MODEL = new URL(
  '../../../../models/turnpike-mini/turnpike-mini.gguf',
  import.meta.url,
);

/** llama.cpp takes these names for ends, whatever the file says. */
const END_NAMES = ['<|im_end|>', '<|endoftext|>'];
const END_ID_KEY = 'tokenizer.ggml.eos_token_id';
/** GGUF: after a key stand its value's type and the value, four bytes each. */
const TYPE_BYTES = 4;

export async function writeEndlessModel(path: string): Promise<void> {
  const file = await readFile(SHIPPED_MODEL);
  for (const name of END_NAMES) {
    const other = Buffer.from(name.replace('end', 'xyz'));
    for (let at = file.indexOf(name); at >= 0; at = file.indexOf(name, at)) other.copy(file, at);
  }
  const key = file.indexOf(END_ID_KEY);
  if (key < 0) throw new Error(`The shipped model does not say ${END_ID_KEY}.`);
  // The first byte of a vocabulary of bytes: the model hardly ever says it.
  file.writeUInt32LE(0, key + END_ID_KEY.length + TYPE_BYTES);
  await writeFile(path, file);
}
