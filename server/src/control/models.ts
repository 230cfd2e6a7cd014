// The models on sale, joined from three sources: the configuration, the engines' state and the price book in force.

import type { Model, Price } from '@turnpike/contract/models.ts';

import type { PriceBook } from '../domain/pricing/price-book.ts';
import { bookInForce } from '../domain/pricing/prices.ts';
import { ok } from '../lib/result.ts';
import type { EngineState } from '../ports/engine.ts';
import type { EngineFacts, ServedModel } from '../ports/server-facts.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { unitPricesOf } from './price-shapes.ts';

export function models({ accounts, facts }: ControlDeps): Pick<Handlers, 'listModels'> {
  return {
    async listModels() {
      const engines = new Map(facts.engines().map((engine) => [engine.name, engine]));
      const priceBook = bookInForce(accounts.snapshot().prices, facts.nowMs());
      const data = facts
        .models()
        .map((model) => modelOf(model, engines.get(model.engine), priceBook));
      return ok({ data });
    },
  };
}

/** The state and, where there is one, the reason for it. */
export function stateOf(state: EngineState): Pick<Model['engine'], 'state' | 'reason'> {
  return state.kind === 'down' ? { state: 'down', reason: state.reason } : { state: state.kind };
}

function modelOf(
  { id, engine, contextTokens }: ServedModel,
  facts: EngineFacts | undefined,
  book: PriceBook | undefined,
): Model {
  const state: EngineState = facts?.state ?? {
    kind: 'down',
    reason: `No engine named ${JSON.stringify(engine)} is configured.`,
  };
  const price = priceOf(id, book);
  return {
    id,
    engine: { name: engine, ...stateOf(state) },
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(price === undefined ? {} : { price }),
  };
}

function priceOf(model: string, book: PriceBook | undefined): Price | undefined {
  const price = book?.models.get(model)?.standard;
  if (book === undefined || price === undefined) return undefined;
  return { version: book.version, ...unitPricesOf(price) };
}
