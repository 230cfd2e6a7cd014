// What is served, and at which price, where no configuration file says otherwise.

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nano, parseDollars, type Nano } from '../domain/money/nano.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import { wholePrice } from '../domain/pricing/whole-price.ts';

type Offered = { readonly engines: readonly Embedded[]; readonly models: readonly OfferedModel[] };
type Task = { readonly task?: 'embedding' };
type Embedded = Task & {
  readonly kind: 'llama';
  readonly name: string;
  readonly model: string;
  readonly startsLast?: true;
};
type OfferedModel = Task & {
  readonly id: string;
  readonly engine: string;
  readonly engineModel: string;
  readonly contextTokensMax?: number;
  readonly price: ModelPrice;
};

const MINI = 'models/turnpike-mini/turnpike-mini.gguf';
const EMBED = 'models/turnpike-embed/turnpike-embed.gguf';
/** As its file says: the server does not wait for it to be read. */
const EMBED_CONTEXT_TOKENS = 2_048;

/** What an embedded model costs until the operator says otherwise: $0.10 in, $0.01 cached, $0.40 out per million. */
const EMBEDDED_PRICE: ModelPrice = wholePrice({
  input: dollars('0.10'),
  cacheRead: dollars('0.01'),
  output: dollars('0.40'),
});

function dollars(text: string): Nano {
  return parseDollars(text) ?? nano(0n);
}

/** What embeddings cost until the operator says otherwise: $0.02 per million tokens of input. */
const EMBEDDING_PRICE: ModelPrice = wholePrice({ input: dollars('0.02'), output: nano(0n) });

/** The small model, and the small encoder beside it. */
export function shippedOffer(repository: string): Offered {
  const { engines, models } = offerOf(join(repository, MINI));
  const embedder = join(repository, EMBED);
  if (!existsSync(embedder)) return { engines, models };
  const id = 'turnpike-embed';
  const engine = {
    kind: 'llama',
    name: id,
    model: embedder,
    task: 'embedding',
    startsLast: true,
  } as const;
  const model = {
    id,
    engine: id,
    engineModel: id,
    task: 'embedding',
    contextTokensMax: EMBED_CONTEXT_TOKENS,
    price: EMBEDDING_PRICE,
  } as const;
  return { engines: [...engines, engine], models: [...models, model] };
}

/** A file with a model to talk to. */
export function offerOf(path: string): Offered {
  const id = basename(path).replace(/\.gguf$/i, '');
  return {
    engines: [{ kind: 'llama', name: 'embedded', model: path }],
    models: [{ id, engine: 'embedded', engineModel: id, price: EMBEDDED_PRICE }],
  };
}
