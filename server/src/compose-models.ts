// The part of the composition root that is about what is served: the configured models, each with its engine and what is
// known of the two.

import type { Config, EngineConfig } from './config.ts';
import type { Capabilities } from './domain/generation/capabilities.ts';
import { DEFAULT_STAGE } from './domain/release/release-stage.ts';
import { CheckedEngine } from './engines/checked/checked-engine.ts';
import type { SchemaChecker } from './engines/checked/schema-checker.ts';
import type { ServedModel } from './gateway/gateway.ts';
import type { Result } from './lib/result.ts';
import type { Engine } from './ports/engine.ts';
import { CAPABILITIES_BY_ENGINE, EMBEDDINGS_ALONE } from './start/capabilities-by-engine.ts';

type Known = { readonly contextTokens?: number; readonly capabilities?: Partial<Capabilities> };

/** An engine with what its adapter knows beyond the port. */
export type Opened = {
  readonly engine: Engine;
  readonly kind: EngineConfig['kind'];
  /** Settles when it can be used, with what it knows of its model by then. */
  readonly ready: Promise<Result<Known, string>>;
  contextTokens?: number;
  capabilities?: Partial<Capabilities>;
};

/** For an engine that does not say, and an operator who did not either: what most open models have. */
const CONTEXT_TOKENS_DEFAULT = 32_768;
const OUTPUT_TOKENS_DEFAULT = 8_192;

/** With what its model needs around it. */
function engineFor({ engine }: Opened, capabilities: Capabilities, checker: SchemaChecker): Engine {
  const { jsonObject, jsonSchema, strictTools, forcedToolChoice } = capabilities;
  const keepsJson = jsonObject === true && jsonSchema === true;
  const keepsAll = keepsJson && strictTools && forcedToolChoice !== 'promised';
  return keepsAll ? engine : new CheckedEngine(engine, capabilities, checker);
}

export function servedModels(
  config: Config,
  engines: ReadonlyMap<string, Opened>,
  checker: SchemaChecker,
): ReadonlyMap<string, ServedModel> {
  const createdAtSeconds = Math.floor(Date.now() / 1000);
  const models = new Map<string, ServedModel>();
  for (const model of config.models) {
    const { id, engine, engineModel, contextTokensMax, outputTokensMax, task, reasoning } = model;
    const opened = engines.get(engine);
    if (opened === undefined) continue; // the configuration was checked for this
    const capabilities = {
      ...(task === 'embedding' ? EMBEDDINGS_ALONE : CAPABILITIES_BY_ENGINE[opened.kind]),
      ...(task !== 'embedding' && opened.capabilities),
      ...model.capabilities,
    };
    const context = contextTokensMax ?? opened.contextTokens ?? CONTEXT_TOKENS_DEFAULT;
    const own = opened.contextTokens ?? Number.POSITIVE_INFINITY;
    models.set(id, {
      id,
      engine: task === 'embedding' ? opened.engine : engineFor(opened, capabilities, checker),
      ...(task !== undefined && { task }),
      engineModel,
      contextTokensMax: context,
      outputTokensMax: outputTokensMax ?? Math.min(context, OUTPUT_TOKENS_DEFAULT),
      ...(own <= context && { engineKeepsWindow: true as const }),
      capabilities,
      stage: model.stage ?? DEFAULT_STAGE,
      ...(reasoning !== undefined && reasoning !== 'shown' && { reasoning }),
      createdAtSeconds,
    });
  }
  return models;
}
