// The prices of the configuration file, at every start: the list prices until a person schedules some. From then on the file
// gives a price to models that have none, and changes nothing.

import type pg from 'pg';
import {
  sameModels,
  type ModelPrice,
  type ModelPrices,
} from '../../../domain/pricing/price-book.ts';
import { LIST_PRICES } from '../../../domain/pricing/prices.ts';
import { nextVersion } from '../snapshot-feed.ts';
import { insertVersion, lockPublishing, modelsOf, NOT_CALLED_OFF } from './price-rows.ts';
import { remakeAll } from './contract-books.ts';

type Published = { readonly version: number; readonly snapshot?: number };

export async function publishConfigured(
  client: pg.ClientBase,
  prices: ReadonlyMap<string, ModelPrice>,
): Promise<Published> {
  await lockPublishing(client);
  const before = await listInForce(client);
  const given = new Map([...prices].map(([model, standard]) => [model, { standard }]));
  const models = before?.source === 'draft' ? new Map([...given, ...before.models]) : given;
  if (before !== undefined && sameModels(before.models, models)) return { version: before.version };
  const source = before?.source ?? 'configuration';
  const version = await insertVersion(client, { bookId: LIST_PRICES, models, source });
  await remakeAll(client, LIST_PRICES);
  return { version, snapshot: await nextVersion(client) };
}

async function listInForce(client: pg.ClientBase): Promise<
  | {
      readonly version: number;
      readonly source: 'configuration' | 'draft';
      readonly models: ReadonlyMap<string, ModelPrices>;
    }
  | undefined
> {
  const { rows } = await client.query<{ version: number; source: 'configuration' | 'draft' }>(
    `SELECT version, source FROM price_book_version WHERE book_id = $1 AND effective_from <= clock_timestamp()
         AND ${NOT_CALLED_OFF}
       ORDER BY effective_from DESC, version DESC LIMIT 1`,
    [LIST_PRICES],
  );
  const newest = rows[0];
  if (newest === undefined) return undefined;
  const models = await modelsOf(client, [newest.version]);
  return { ...newest, models: models.get(newest.version) ?? new Map() };
}
