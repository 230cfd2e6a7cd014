// Searches the documentation with the embedding model, and says how often the right page is first for questions that
// its training never saw.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Embedder } from './embedder.ts';
import { cutPage, type Piece } from './pieces.ts';

type Question = { readonly pages: readonly string[]; readonly asked: string };
type Indexed = { readonly piece: Piece; readonly vector: readonly number[] };

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const QUESTIONS = new URL('turnpike-embed/questions.txt', import.meta.url);
const PAGES = ['*.md', 'docs/**/*.md', 'bench/README.md', 'models/*/README.md'];

function readPieces(): Piece[] {
  const pages = globSync(PAGES, { cwd: REPOSITORY }).toSorted();
  return pages.flatMap((page) => cutPage(page, readFileSync(`${REPOSITORY}${page}`, 'utf8')));
}

function readQuestions(): Question[] {
  const lines = readFileSync(QUESTIONS, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const found = /^(\S+\.md(?:, \S+\.md)*): (.+)$/.exec(line);
    return found === null ? [] : [{ pages: (found[1] ?? '').split(', '), asked: found[2] ?? '' }];
  });
}

/** Vectors of length one: their product is the cosine of the angle between them. */
function nearness(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

function search(index: readonly Indexed[], vector: readonly number[]): Piece | undefined {
  let best: Indexed | undefined;
  let nearest = -Infinity;
  for (const one of index) {
    const near = nearness(one.vector, vector);
    if (near > nearest) [best, nearest] = [one, near];
  }
  return best?.piece;
}

async function indexOf(embedder: Embedder): Promise<Indexed[]> {
  const pieces = readPieces();
  const vectors = await embedder.embed(pieces.map((piece) => `${piece.headings}\n${piece.text}`));
  return pieces.map((piece, at) => ({ piece, vector: vectors[at] ?? [] }));
}

/** A row for the table of the model card, and below it questions that found another page. */
export async function searchRows(embedder: Embedder, missesMax: number): Promise<string[]> {
  const index = await indexOf(embedder);
  const questions = readQuestions();
  const vectors = await embedder.embed(questions.map((question) => question.asked));
  const misses: string[] = [];
  questions.forEach((question, at) => {
    const page = search(index, vectors[at] ?? [])?.page ?? '';
    if (!question.pages.includes(page)) misses.push(`    ${question.asked} → ${page}`);
  });
  const right = questions.length - misses.length;
  const share = Math.round((100 * right) / questions.length);
  return [
    `| docs search: right page first | ${share} % | ${questions.length} |`,
    ...misses.slice(0, missesMax),
  ];
}

export async function bestPiece(embedder: Embedder, asked: string): Promise<Piece | undefined> {
  const index = await indexOf(embedder);
  const [vector] = await embedder.embed([asked]);
  return search(index, vector ?? []);
}
