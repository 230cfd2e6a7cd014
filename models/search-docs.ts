// Asks the documentation a question, or all the questions that the encoder's training never saw.
//
//   node models/search-docs.ts [--model file.gguf] [--misses 10] [--ask "a question"]
//   node models/search-docs.ts --api http://127.0.0.1:8080/v1 --key sk-tp-… [--name turnpike-embed]

import { parseArgs } from 'node:util';

import { apiEmbedder, openRawEmbedder, SHIPPED_EMBEDDER } from './embedder.ts';
import { bestPiece, searchRows } from './search.ts';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: SHIPPED_EMBEDDER },
    misses: { type: 'string', default: '0' },
    ask: { type: 'string' },
    api: { type: 'string' },
    key: { type: 'string', default: '' },
    name: { type: 'string', default: 'turnpike-embed' },
  },
});

await using embedder =
  options.api === undefined
    ? await openRawEmbedder(options.model)
    : apiEmbedder({ baseUrl: options.api, key: options.key, model: options.name });
if (options.ask === undefined) {
  for (const line of await searchRows(embedder, Number(options.misses))) console.log(line);
} else {
  const found = await bestPiece(embedder, options.ask);
  console.log(`${found?.page} › ${found?.headings}\n\n${found?.text}`);
}
