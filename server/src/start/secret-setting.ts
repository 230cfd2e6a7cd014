// A secret comes from a variable or from a file that a variable names; what is wrong with it is said without it.

import { readFileSync } from 'node:fs';
import { err, ok, type Result } from '../lib/result.ts';

type Named = readonly [name: string, value: string | undefined];

export function secretOf(
  [name, value]: Named,
  [fileName, path]: Named,
): Result<string | undefined, string> {
  if (path === undefined) return ok(value);
  if (value !== undefined) return err(`${name} and ${fileName} are both set: set one of them.`);
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? err(`The file that ${fileName} names is empty.`) : ok(text);
  } catch {
    return err(`The file that ${fileName} names can't be read.`);
  }
}
