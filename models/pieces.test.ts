// Cutting pages into pieces, and what the encoder promises of any text: not how good its vectors are.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openRawEmbedder, SHIPPED_EMBEDDER } from './embedder.ts';
import { cutPage } from './pieces.ts';

test('a page is cut at its headings, and each piece knows those above it', () => {
  const page = '# Title\nFirst.\n## One\nSecond.\n### Deep\nThird.\n## Two\nFourth.';
  const pieces = cutPage('a.md', page).map(({ headings, text }) => `${headings}: ${text}`);
  assert.deepEqual(pieces, [
    'Title: First.',
    'Title › One: Second.',
    'Title › One › Deep: Third.',
    'Title › Two: Fourth.',
  ]);
});

test('a comment in a code block is no heading, and a long section is cut in parts', () => {
  const block = '# T\n```sh\n# not a heading\n```';
  assert.deepEqual(cutPage('a.md', block), [
    { page: 'a.md', headings: 'T', text: '```sh\n# not a heading\n```' },
  ]);
  const line = 'five words in each line\n';
  assert.equal(cutPage('a.md', `# T\n${line.repeat(40)}`).length, 3);
});

test('vectors have one width and length one, whatever the order of words', async () => {
  await using embedder = await openRawEmbedder(SHIPPED_EMBEDDER);
  const [some, same, other, empty] = await embedder.embed([
    'How do I create a key?',
    'key a? create I do how',
    'PostgreSQL',
    '…',
  ]);
  assert.ok(some && same && other && empty);
  assert.equal(some.length, 384);
  assert.ok(Math.abs(Math.hypot(...some) - 1) < 1e-6);
  assert.ok(some.every((value, index) => Math.abs(value - (same[index] ?? 0)) < 1e-3));
  assert.ok(some.some((value, index) => Math.abs(value - (other[index] ?? 0)) > 0.01));
  assert.ok(Math.hypot(...empty) < 1e-3 || Math.abs(Math.hypot(...empty) - 1) < 1e-6);
});
