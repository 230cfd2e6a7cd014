// Reads the project as the rules want it: every text file that is ours, by its path from the root.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Files } from './rule.ts';
import { parseSource, type Source } from './source.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Installed, made or kept elsewhere. */
const NOT_OURS = new Set(['node_modules', 'build', 'venv', 'coverage', 'results', '__pycache__']);
const TEXT = /\.(?:ts|tsx|mjs|py|sql|md|json|txt|yml)$/;
const SOURCE = /\.(?:ts|tsx|mjs)$/;
const FILES_MAX = 5_000;

export function readProject(root: string): Files {
  const files: { [path: string]: string } = {};
  const pending = [''];
  let seen = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && isOurs(entry.name)) pending.push(path);
      if (!entry.isFile() || !TEXT.test(entry.name) || entry.name === 'package-lock.json') continue;
      if (++seen > FILES_MAX) throw new Error(`more than ${FILES_MAX} files: is ${path} ours?`);
      files[path] = readFileSync(join(root, path), 'utf8');
    }
  }
  return files;
}

function isOurs(folder: string): boolean {
  return !folder.startsWith('.') && !NOT_OURS.has(folder);
}

export function parseSources(files: Files): readonly Source[] {
  return Object.entries(files)
    .filter(([path]) => SOURCE.test(path))
    .map(([path, text]) => parseSource(path, text));
}
