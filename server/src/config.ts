// The only reader of the environment and of the configuration file. What comes out is complete and valid; what is wrong
// is one sentence that names the setting.

import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CAPABILITIES, type Capabilities } from './domain/generation/capabilities.ts';
import type { ModelPrice } from './domain/pricing/price-book.ts';
import { RELEASE_STAGES, type ReleaseStage } from './domain/release/release-stage.ts';
import { err, ok, type Result } from './lib/result.ts';
import { RETENTION_DAYS_DEFAULT } from './limits.ts';
import { type AlertSettings, readAlertSettings } from './start/alert-settings.ts';
import { isEachPrice, isPrice, priceAsConfigured } from './start/configured-price.ts';
import { readCorsOrigins } from './start/cors-origins.ts';
import { type InvoicingSettings, readInvoicingSettings } from './start/invoicing-settings.ts';
import { type PaymentSettings, readPaymentSettings } from './start/payment-settings.ts';
import { offerOf, shippedOffer } from './start/shipped-models.ts';

export type EngineConfig = LlamaConfig | OpenAiCompatibleConfig | ScriptedConfig;
export type LlamaConfig = z.infer<typeof llamaEngine> & {
  /** What its models are for: a process does one of the two. */
  readonly task?: 'embedding';
  /** The server is up before it is: the others have the machine first. */
  readonly startsLast?: true;
};
export type OpenAiCompatibleConfig = Exact<
  Omit<z.infer<typeof openAiCompatibleEngine>, 'apiKeyEnv'>
> & { readonly apiKey?: string };

/** zod's optional members may be undefined; JSON's are there or not. */
type Exact<T> = { [member in keyof T]: Exclude<T[member], undefined> };
export type ScriptedConfig = z.infer<typeof scriptedEngine>;

export type ModelConfig = {
  readonly id: string;
  readonly engine: string;
  /** It makes embeddings, and answers no conversation. */
  readonly task?: 'embedding';
  readonly engineModel: string;
  readonly contextTokensMax?: number;
  readonly outputTokensMax?: number;
  /** What the operator says beside what is known of the engine's kind. */
  readonly capabilities?: Partial<Capabilities>;
  readonly stage?: ReleaseStage;
  /** Whether its users may read what it thinks, or only keep it sealed. */
  readonly reasoning?: (typeof REASONING)[number];
  /** Without a price a model is served to nobody. */
  readonly price?: ModelPrice;
};

export type Config = {
  readonly host: string;
  readonly port: number;
  /** Absolute; everything that the server writes lies under it. */
  readonly dataDirectory: string;
  readonly databaseUrl?: string;
  /** Holds in memory and settles in a log on this disk, or both in PostgreSQL before they are answered. */
  readonly settlement: 'leases' | 'direct';
  /** How long answers and conversations are kept; 0: not at all. */
  readonly retentionMs: number;
  /** The ids of organisations of which nothing is kept. */
  readonly forgetful: readonly string[];
  /** False where something in front of the server can't pass WebSockets on: clients are sent to HTTP. */
  readonly webSockets: boolean;
  readonly keysSee: 'organisation' | 'key';
  /** The pages that may call the API from a browser; `*` is every one. */
  readonly corsOrigins: readonly string[];
  /** What becomes of fields that a protocol does not know, by its name; `*` is all others. */
  readonly unknownFields: ReadonlyMap<string, UnknownFields>;
  /** What is less than this is not logged. */
  readonly logLevel: LogLevel;
  readonly engines: readonly EngineConfig[];
  readonly models: readonly ModelConfig[];
  readonly payments: PaymentSettings;
  readonly invoicing: InvoicingSettings;
  readonly alerts: AlertSettings;
};

const DAY_MS = 86_400_000;
const RETENTION_DAYS_MAX = 36_500;

type UnknownFields = (typeof UNKNOWN_FIELDS)[number];
const ALL_PROTOCOLS = '*';
type LogLevel = (typeof LOG_LEVELS)[number];
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const UNKNOWN_FIELDS = ['ignore', 'warn', 'refuse'] as const;

export type Environment = { readonly [name: string]: string | undefined };

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CONFIG_FILE = 'turnpike.config.json';

const name = z.string().regex(/^[\w.:/-]{1,128}$/, 'letters, digits and . _ : / - only');
const price = z.string().refine(isPrice, 'dollars per million tokens in quotes, such as "0.15"');
const eachPrice = z.string().refine(isEachPrice, 'dollars in quotes, at most 1000, such as "0.01"');

const llamaEngine = z.strictObject({
  kind: z.literal('llama'),
  name,
  /** Path of a GGUF file, relative to the configuration file. */
  model: z.string().min(1),
  /** Generations that run at once. */
  slots: z.int().min(1).max(256).optional(),
  contextTokens: z.int().min(64).max(1_000_000).optional(),
  threads: z.int().min(1).max(256).optional(),
});

const openAiCompatibleEngine = z.strictObject({
  kind: z.literal('openai-compatible'),
  name,
  /** Up to and including the version: `http://127.0.0.1:8000/v1`. */
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** The name of the environment variable that holds the key; the key itself has no place in a file. */
  apiKeyEnv: z.string().optional(),
  generationsMax: z.int().min(1).max(65_536).optional(),
  connectTimeoutMs: z.int().min(1).optional(),
  responseTimeoutMs: z.int().min(1).optional(),
  idleTimeoutMs: z.int().min(1).optional(),
  runningUsage: z.enum(['continuous-usage-stats', 'timings-per-token']).optional(),
  outputLimitField: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  developerRole: z.boolean().optional(),
  customTools: z.boolean().optional(),
  tokenizer: z.enum(['vllm', 'llama-server', 'none']).optional(),
  reasoningField: z.enum(['reasoning_content', 'reasoning']).optional(),
});

/** Answers from a script in the prompt: for tests and benchmarks. */
const scriptedEngine = z.strictObject({ kind: z.literal('scripted'), name });

const REASONING = ['shown', 'open-responses', 'sealed'] as const;
const capabilities = z.partialRecord(z.enum(CAPABILITIES), z.boolean());

const configFile = z.strictObject({
  engines: z
    .array(z.discriminatedUnion('kind', [llamaEngine, openAiCompatibleEngine, scriptedEngine]))
    .min(1),
  models: z
    .array(
      z.strictObject({
        id: name,
        engine: name,
        type: z.enum(['generation', 'embedding']).optional(),
        engineModel: z.string().min(1).optional(),
        contextTokensMax: z.int().min(1).optional(),
        outputTokensMax: z.int().min(1).optional(),
        capabilities: capabilities.optional(),
        stage: z.enum(RELEASE_STAGES).optional(),
        reasoning: z.enum(REASONING).optional(),
        price: z
          .strictObject({
            input: price,
            /** Embeddings have none. */
            output: price.optional(),
            cacheRead: price.optional(),
            cacheWrite5m: price.optional(),
            cacheWrite1h: price.optional(),
            reasoning: price.optional(),
            imageInput: price.optional(),
            audioInput: price.optional(),
            imageOutput: price.optional(),
            audioOutput: price.optional(),
            toolCalls: eachPrice.optional(),
            request: eachPrice.optional(),
          })
          .optional(),
      }),
    )
    .min(1),
});

/**
 * Errors are one sentence each. A relative path in the environment begins at the clone's root, wherever the server was
 * started from: the command line reads it in the same way, and both mean the same directory.
 */
export function readConfig(given: Environment): Result<Config, string> {
  const environment = withoutBlanks(given);
  const port = Number(environment['PORT'] ?? '8080');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return err(`PORT must be a number from 0 to 65535, not '${environment['PORT']}'.`);
  }
  const databaseUrl = environment['DATABASE_URL'];
  if (databaseUrl !== undefined && !/^postgres(?:ql)?:\/\//.test(databaseUrl)) {
    return err('DATABASE_URL must begin with postgres:// or postgresql://.');
  }
  const settlement = environment['TURNPIKE_SETTLEMENT'] ?? 'leases';
  if (settlement !== 'leases' && settlement !== 'direct') {
    return err(`TURNPIKE_SETTLEMENT must be leases or direct, not '${settlement}'.`);
  }
  const retention = readRetention(environment);
  if (!retention.ok) return retention;
  const wire = readWire(environment);
  if (!wire.ok) return wire;
  const payments = readPaymentSettings(environment);
  if (!payments.ok) return payments;
  const invoicing = readInvoicingSettings(environment);
  if (!invoicing.ok) return invoicing;
  const alerts = readAlertSettings(environment);
  if (!alerts.ok) return alerts;
  const offered = readOffer(environment);
  if (!offered.ok) return offered;
  return ok({
    host: environment['HOST'] ?? '127.0.0.1',
    port,
    dataDirectory: resolve(REPOSITORY, environment['TURNPIKE_DATA'] ?? '.turnpike'),
    settlement,
    payments: payments.value,
    invoicing: invoicing.value,
    alerts: alerts.value,
    ...retention.value,
    ...wire.value,
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...offered.value,
  });
}

function readRetention(
  environment: Environment,
): Result<Pick<Config, 'retentionMs' | 'forgetful'>, string> {
  const text = environment['TURNPIKE_RETENTION_DAYS'];
  const days = Number(text ?? RETENTION_DAYS_DEFAULT);
  if (!(days >= 0 && days <= RETENTION_DAYS_MAX)) {
    return err(`TURNPIKE_RETENTION_DAYS must be 0 to ${RETENTION_DAYS_MAX} days, not '${text}'.`);
  }
  const forgetful = (environment['TURNPIKE_ZERO_RETENTION'] ?? '').split(/[\s,]+/).filter(Boolean);
  return ok({ retentionMs: Math.round(days * DAY_MS), forgetful });
}

/** A variable that is set to nothing is one that is not set, as for the command line. */
function withoutBlanks(environment: Environment): Environment {
  const trimmed = Object.entries(environment).map(([key, value]) => [key, value?.trim()] as const);
  return Object.fromEntries(trimmed.filter(([, value]) => value !== ''));
}

type Wire = 'webSockets' | 'keysSee' | 'unknownFields' | 'corsOrigins' | 'logLevel';

/** How the protocols are spoken, and what they say. */
function readWire(environment: Environment): Result<Pick<Config, Wire>, string> {
  const webSockets = environment['TURNPIKE_WEBSOCKETS'] ?? 'on';
  if (webSockets !== 'on' && webSockets !== 'off') {
    return err(`TURNPIKE_WEBSOCKETS must be on or off, not '${webSockets}'.`);
  }
  const keysSee = environment['TURNPIKE_KEYS_SEE'] ?? 'organisation';
  if (keysSee !== 'organisation' && keysSee !== 'key')
    return err(`TURNPIKE_KEYS_SEE must be organisation or key, not '${keysSee}'.`);
  const unknownFields = readUnknownFields(environment['TURNPIKE_UNKNOWN_FIELDS'] ?? 'warn');
  if (!unknownFields.ok) return unknownFields;
  const cors = readCorsOrigins(environment['TURNPIKE_CORS_ORIGINS'] ?? '');
  if (!cors.ok) return cors;
  const wanted = environment['TURNPIKE_LOG_LEVEL'] ?? 'info';
  const logLevel = LOG_LEVELS.find((known) => known === wanted);
  if (logLevel === undefined) {
    return err(`TURNPIKE_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not '${wanted}'.`);
  }
  return ok({
    webSockets: webSockets === 'on',
    keysSee,
    unknownFields: unknownFields.value,
    corsOrigins: cors.value,
    logLevel,
  });
}

/** One policy for all protocols, and others for those that are named: `warn,openai-chat=refuse`. */
function readUnknownFields(text: string): Result<Config['unknownFields'], string> {
  const policies = new Map<string, UnknownFields>();
  for (const entry of text.split(',')) {
    const [wanted = '', protocol = ALL_PROTOCOLS] = entry.split('=').toReversed();
    const policy = UNKNOWN_FIELDS.find((known) => known === wanted.trim());
    if (policy === undefined) {
      const known = `${UNKNOWN_FIELDS.join(', ')}, or a list such as warn,openai-chat=refuse`;
      return err(`TURNPIKE_UNKNOWN_FIELDS must be ${known}, not '${text}'.`);
    }
    policies.set(protocol.trim(), policy);
  }
  return ok(policies);
}

type Offer = Pick<Config, 'engines' | 'models'>;

function readOffer(environment: Environment): Result<Offer, string> {
  const named = environment['TURNPIKE_CONFIG'];
  const path = resolve(REPOSITORY, named ?? CONFIG_FILE);
  if (named === undefined && !existsSync(path)) {
    const model = environment['TURNPIKE_MODEL'];
    return ok(model === undefined ? shippedOffer(REPOSITORY) : offerOf(resolve(REPOSITORY, model)));
  }
  const raw = readJsonFile(path);
  if (!raw.ok) return raw;
  const parsed = configFile.safeParse(raw.value);
  if (!parsed.success) return err(configMistake(path, parsed.error));
  return complete(path, parsed.data, environment);
}

function readJsonFile(path: string): Result<unknown, string> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return ok(value);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return err(`The configuration file ${path} can't be read: ${detail}.`);
  }
}

function configMistake(path: string, error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue === undefined ? '' : z.core.toDotPath(issue.path);
  return `${path}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'is invalid'}.`;
}

type ConfigFile = z.infer<typeof configFile>;

function complete(path: string, file: ConfigFile, environment: Environment): Result<Offer, string> {
  const engines: EngineConfig[] = [];
  for (const engine of file.engines) {
    const completed = completeEngine(path, engine, environment);
    if (!completed.ok) return completed;
    engines.push(completed.value);
  }
  const names = new Set(engines.map((engine) => engine.name));
  if (names.size < engines.length) return err(`${path}: two engines have the same name.`);
  const ids = new Set(file.models.map((model) => model.id));
  if (ids.size < file.models.length) return err(`${path}: two models have the same id.`);
  const free = file.models.find(
    ({ type, price: given }) =>
      type !== 'embedding' && given !== undefined && given.output === undefined,
  );
  if (free !== undefined) return err(`${path}: the price of the model '${free.id}' has no output.`);
  const stray = file.models.find((model) => !names.has(model.engine));
  if (stray !== undefined) {
    return err(
      `${path}: the model '${stray.id}' names the engine '${stray.engine}', which is not there.`,
    );
  }
  const mixed = engines.find(({ kind, name: of }) => kind === 'llama' && isMixed(file.models, of));
  if (mixed !== undefined) {
    return err(
      `${path}: the engine '${mixed.name}' can't serve models of both types; give the model of type embedding an engine of its own.`,
    );
  }
  const models = file.models.map(modelConfig);
  return ok({ engines: engines.map((engine) => forItsTask(engine, models)), models });
}

function isMixed(models: ConfigFile['models'], engine: string): boolean {
  const own = models.filter((model) => model.engine === engine);
  const embeddings = own.filter(({ type }) => type === 'embedding').length;
  return embeddings > 0 && embeddings < own.length;
}

function forItsTask(engine: EngineConfig, models: readonly ModelConfig[]): EngineConfig {
  if (engine.kind !== 'llama') return engine;
  const embeds = models.some((model) => model.engine === engine.name && model.task === 'embedding');
  return embeds ? { ...engine, task: 'embedding' } : engine;
}

function completeEngine(
  path: string,
  engine: ConfigFile['engines'][number],
  environment: Environment,
): Result<EngineConfig, string> {
  if (engine.kind === 'llama') {
    const model = isAbsolute(engine.model) ? engine.model : resolve(path, '..', engine.model);
    return ok({ ...engine, model });
  }
  if (engine.kind === 'scripted') return ok(engine);
  const { apiKeyEnv, ...others } = engine;
  const rest = others as Exact<typeof others>; // parsed from JSON, which has no undefined
  if (apiKeyEnv === undefined) return ok(rest);
  const apiKey = environment[apiKeyEnv];
  if (apiKey === undefined || apiKey === '') {
    return err(
      `${path}: the engine '${engine.name}' takes its key from ${apiKeyEnv}, which is not set.`,
    );
  }
  return ok({ ...rest, apiKey });
}

function modelConfig(model: ConfigFile['models'][number]): ModelConfig {
  const { contextTokensMax, outputTokensMax, capabilities: can, stage } = model;
  const { price: given, reasoning } = model;
  return {
    id: model.id,
    engine: model.engine,
    engineModel: model.engineModel ?? model.id,
    ...(model.type === 'embedding' && { task: model.type }),
    ...(contextTokensMax !== undefined && { contextTokensMax }),
    ...(outputTokensMax !== undefined && { outputTokensMax }),
    ...(can !== undefined && { capabilities: can }),
    ...(stage !== undefined && { stage }),
    ...(reasoning !== undefined && { reasoning }),
    ...(given !== undefined && {
      price: priceAsConfigured(given),
    }),
  };
}
