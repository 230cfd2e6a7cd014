// Mistakes planted in the functions in PostgreSQL, one at a time: what is to find mistakes must find each of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../lib/assert.ts';

export type SqlMistake = {
  readonly name: string;
  /** Below functions/. */
  readonly file: string;
  readonly function: string;
  /** Stands in the function exactly once. */
  readonly find: string;
  readonly replace: string;
};

/** SQL that puts the function with the mistake in it in place of the right one. */
export function planted({ file, function: name, find, replace }: SqlMistake): string {
  const functions = readFileSync(join(import.meta.dirname, 'functions', file), 'utf8');
  const right = functions.split('CREATE FUNCTION ').find((text) => text.startsWith(`${name}(`));
  const parts = (right ?? '').split(find);
  assert(parts.length === 2, `what it replaces stands ${parts.length - 1} times in ${name}()`);
  return `CREATE OR REPLACE FUNCTION ${parts.join(replace)}`;
}
