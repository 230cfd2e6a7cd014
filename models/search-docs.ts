// Searches the documentation with the embedding model: how often is the right page first for questions that its
// training never saw? Prints one row for the table of the model card.
//
//   node models/search-docs.ts [--model file.gguf] [--misses 10] [--ask "a question"]
//   node models/search-docs.ts --api http://127.0.0.1:8080/v1 --key sk-tp-… [--name turnpike-embed]

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { apiEmbedder, openRawEmbedder, type Embedder } from './embedder.ts';
import { cutPage, type Piece } from './pieces.ts';

type Question = { readonly pages: readonly string[]; readonly asked: string };
type Indexed = { readonly piece: Piece; readonly vector: readonly number[] };

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const EMBED = new URL('turnpike-embed/', import.meta.url);
const PAGES = ['*.md', 'docs/**/*.md', 'bench/README.md', 'models/*/README.md'];

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: fileURLToPath(new URL('turnpike-embed.gguf', EMBED)) },
    misses: { type: 'string', default: '0' },
    ask: { type: 'string' },
    api: { type: 'string' },
    key: { type: 'string', default: '' },
    name: { type: 'string', default: 'turnpike-embed' },
  },
});

function readPieces(): Piece[] {
  const pages = globSync(PAGES, { cwd: REPOSITORY }).toSorted();
  return pages.flatMap((page) => cutPage(page, readFileSync(`${REPOSITORY}${page}`, 'utf8')));
}

function readQuestions(): Question[] {
  const lines = readFileSync(new URL('questions.txt', EMBED), 'utf8').split('\n');
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

async function evaluate(embedder: Embedder): Promise<void> {
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
  console.log(`| docs search: right page first | ${share} % | ${questions.length} |`);
  for (const miss of misses.slice(0, Number(options.misses))) console.log(miss);
}

async function answer(embedder: Embedder, asked: string): Promise<void> {
  const index = await indexOf(embedder);
  const [vector] = await embedder.embed([asked]);
  const found = search(index, vector ?? []);
  console.log(`${found?.page} › ${found?.headings}\n\n${found?.text}`);
}

await using embedder =
  options.api === undefined
    ? await openRawEmbedder(options.model)
    : apiEmbedder({ baseUrl: options.api, key: options.key, model: options.name });
await (options.ask === undefined ? evaluate(embedder) : answer(embedder, options.ask));
