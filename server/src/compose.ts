// The composition root: the only file that knows every adapter. Starts the database and the engines side by side, puts
// the gateway in front of them, and takes all of it down in the opposite order.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { bookInForce } from './domain/pricing/prices.ts';
import { openAlerting } from './compose-alerts.ts';
import { type Opened, servedModels } from './compose-models.ts';
import { openCrashNotes } from './compose-crash-notes.ts';
import { openTill } from './compose-till.ts';
import { unknownFieldsOf } from './compose-unknown-fields.ts';
import { readConfig, type Config, type EngineConfig } from './config.ts';
import { downloadHandlers } from './control/downloads.ts';
import { managementHandlers } from './control/handlers.ts';
import { PromptMemory } from './domain/prompt-cache/prompt-memory.ts';
import { SchemaChecker } from './engines/checked/schema-checker.ts';
import { startLlamaEmbedder } from './engines/llama/llama-embedder.ts';
import type { Owner } from './domain/stored/answer.ts';
import { startLlamaEngine } from './engines/llama/llama-engine.ts';
import { startFailureSentence } from './engines/llama/start-failure.ts';
import { OpenAiCompatibleEngine } from './engines/openai-compatible/openai-compatible-engine.ts';
import { pagesLoggedIn } from './compose-documents.ts';
import { ScriptedEngine } from './engines/scripted/scripted-engine.ts';
import { BackgroundRuns } from './gateway/background-runs.ts';
import type { Gateway } from './gateway/gateway.ts';
import { StoreMemory } from './gateway/memory.ts';
import { RunningRequests } from './gateway/running-requests.ts';
import { HttpServer } from './http/http-server.ts';
import { mountManagement } from './http/management.ts';
import { CreditClock } from './jobs/credit-clock.ts';
import { mountPaymentWebhooks } from './http/payment-webhooks.ts';
import { Housekeeping } from './jobs/housekeeping.ts';
import { RollingUp } from './jobs/rolling-up.ts';
import { newId } from './lib/ids.ts';
import { err, ok, type Result } from './lib/result.ts';
import { systemClock } from './ports/clock.ts';
import { systemTimers } from './ports/timers.ts';
import type { ServerFacts } from './ports/server-facts.ts';
import { EMBEDDING_PROTOCOLS, PROTOCOLS, REPORT_PROTOCOLS } from './protocols/registry.ts';
import { readOrMakeAdminToken } from './start/admin-token.ts';
import { writeAddress } from './start/address.ts';
import { firstRun } from './start/first-run.ts';
import { readOrMakeGatewayId } from './start/gateway-id.ts';
import { greeting } from './start/greeting.ts';
import { portProblem } from './start/port-check.ts';
import { startFacts, startSnippets } from './start/start-screen.ts';
import { stopRequests } from './start/stop-requests.ts';
import { Terminal } from './start/terminal.ts';
import { acquireDataDirectoryLock } from './store/data-directory.ts';
import { startEmbeddedPostgres } from './store/postgres/embedded/embedded-postgres.ts';
import {
  openStore,
  type Store,
  type StoreConnection,
  type StoreProblem,
} from './store/postgres/store.ts';
import type { Till } from './till/till.ts';
import { openServerLog, type ServerLog } from './telemetry/server-log.ts';

/** What every step of the start works with; `scope` owns what has been started. */
type Start = {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly log: ServerLog;
  readonly scope: AsyncDisposableStack;
  /** Ends the server as if it had been asked to stop. */
  readonly stop: (sentence: string) => void;
};

/** Serves until it is asked to stop; the process's exit code says how that went. */
export async function runServer(): Promise<void> {
  const terminal = new Terminal();
  const problem = await serveUntilStopped(terminal);
  if (problem === undefined) return terminal.line('  Stopped; everything is settled.');
  terminal.fail(problem);
  process.exitCode = 1;
}

/** A sentence when something ended it that should not have. */
async function serveUntilStopped(terminal: Terminal): Promise<string | undefined> {
  const stopping = stopRequests();
  const config = readConfig(process.env);
  if (!config.ok) return config.error;
  const taken = await portProblem(config.value.host, config.value.port);
  if (taken !== undefined) return taken;
  const lock = acquireDataDirectoryLock(config.value.dataDirectory);
  if (!lock.ok) return lock.error.sentence;

  await using scope = new AsyncDisposableStack();
  scope.use(lock.value);
  const { dataDirectory, logLevel } = config.value;
  const log = openServerLog(join(dataDirectory, 'log', 'turnpike.log'), logLevel, (sentence) =>
    terminal.warn(sentence),
  );
  const start = { config: config.value, terminal, log, scope, stop: stopping.stopBecause };
  const serving = await bringUp(start);
  if (!serving.ok) return serving.error;
  const { server, shown, firstKey } = serving.value;
  const facts = { ...shown, ...(firstKey !== undefined && { firstKey }) };
  terminal.line(startFacts(facts));
  if (firstKey !== undefined && shown.models[0] !== undefined) {
    terminal.line(await greeting(shown.baseUrl, firstKey, shown.models[0].id));
  }
  terminal.line(startSnippets(facts));

  const why = await stopping.requested;
  terminal.line(
    `\n  Stopping: running answers may end, then everything is settled. Again to hurry.`,
  );
  await server.stop(stopping.hurry);
  return why;
}

async function bringUp(start: Start) {
  const { config, log, scope } = start;
  const engines = openEngines(start);
  const [store, ready] = await Promise.all([openDatabase(start), enginesReady(engines)]);
  if (!store.ok) return store;
  if (!ready.ok) return ready;
  const checker = scope.use(new SchemaChecker());
  const models = servedModels(config, engines, checker);
  const firstKey = await prepareStore(config, store.value);
  const unknownFields = unknownFieldsOf(config);
  if (!unknownFields.ok) return unknownFields;
  const { responses } = store.value;
  const forgetful = new Set(config.forgetful);
  const retentionMs = (organisationId: string) =>
    forgetful.has(organisationId) ? 0 : config.retentionMs;
  const running = new RunningRequests();
  scope.use(await openCrashNotes(config, store.value, running, log));
  const gateway: Gateway = {
    models,
    snapshot: () => store.value.accounts.snapshot(),
    ledger: store.value.ledger,
    memory: new StoreMemory(responses, retentionMs),
    responses,
    retentionMs,
    background: new BackgroundRuns(responses),
    sealing: store.value.sealing,
    prompts: new PromptMemory(),
    running,
    clock: systemClock,
    log,
    unknownFields: unknownFields.value,
    load: { generationsRunning: 0, countsRunning: 0, stopping: false },
  };
  const { background } = gateway;
  const { accounts, plans } = store.value;
  scope.use(new CreditClock({ accounts, plans, timers: systemTimers, log }));
  const { budgets } = accounts;
  scope.use(new Housekeeping({ responses, background, budgets, protocols: PROTOCOLS, log }));
  const till = await openTill(config, store.value, log, scope);
  await openAlerting(config, store.value, log, scope);
  scope.use(new RollingUp({ reports: store.value.reports, log }));
  const server = await openHttp(start, gateway, { store: store.value, till }, engines);
  const { host, port } = config;
  scope.defer(() => server.stop(AbortSignal.abort()));
  const address = await server.listen(host, port);
  writeAddress(config.dataDirectory, address);
  const { version } = manifest;
  const { dataDirectory } = config;
  const elapsedSeconds = start.terminal.elapsedSeconds;
  const priceBook = bookInForce(gateway.snapshot().prices, gateway.clock.nowMs());
  const shownModels = [...models.values()].map(({ id, contextTokensMax }) => {
    const price = priceBook?.models.get(id)?.standard;
    return { id, contextTokensMax, ...(price !== undefined && { price }) };
  });
  const shown = { version, baseUrl: `${address}/v1`, elapsedSeconds, dataDirectory };
  return ok({ server, shown: { ...shown, models: shownModels }, firstKey });
}

/** Publishes the configured prices, and gives a new installation its first organisation, project, key and credit. */
async function prepareStore(config: Config, { accounts }: Store): Promise<string | undefined> {
  const prices = config.models.flatMap(({ id, price }) =>
    price === undefined ? [] : ([[id, price]] as const),
  );
  await accounts.publishPrices(new Map(prices));
  return await firstRun(accounts);
}

/** After these no request can be paid any more. */
const ENDS: ReadonlySet<StoreProblem['kind']> = new Set(['fenced', 'log-broken', 'books-lost']);

async function openDatabase(start: Start): Promise<Result<Store, string>> {
  const { config, terminal, log, scope } = start;
  const connection = await databaseConnection(start);
  if (!connection.ok) return connection;
  const store = await openStore({
    connection: connection.value,
    gatewayId: readOrMakeGatewayId(config.dataDirectory),
    settlement: config.settlement,
    logDirectory: join(config.dataDirectory, 'settlement-log'),
    onProblem: ({ kind, sentence }) => {
      if (kind === 'connection-restored') log.info({ kind }, sentence);
      else log.error({ kind }, sentence);
      if (ENDS.has(kind)) start.stop(sentence);
    },
  });
  if (!store.ok) return err(store.error.message);
  scope.use(store.value);
  terminal.done('PostgreSQL is ready');
  return store;
}

async function databaseConnection(start: Start): Promise<Result<StoreConnection, string>> {
  const { config, terminal, log, scope } = start;
  if (config.databaseUrl !== undefined) return ok({ url: config.databaseUrl });
  const postgres = await startEmbeddedPostgres({
    dataDirectory: join(config.dataDirectory, 'postgres'),
    onProgress: (text) => terminal.progress(text),
    onLog: (line) => log.info({ from: 'postgres' }, line),
    onInterruption: (interruption) => log.warn({ interruption }, interruption.sentence),
  });
  if (!postgres.ok) {
    log.fatal({ failure: postgres.error }, 'PostgreSQL did not start');
    return err(postgres.error.sentence);
  }
  scope.use(postgres.value);
  return ok(postgres.value.connection);
}

function openEngines(start: Start): ReadonlyMap<string, Opened> {
  const { config, scope } = start;
  const isLast = (engine: EngineConfig): boolean => engine.kind === 'llama' && !!engine.startsLast;
  const [first, last] = [
    config.engines.filter((one) => !isLast(one)),
    config.engines.filter(isLast),
  ];
  const opened = new Map(first.map((engine) => [engine.name, openEngine(engine, start)]));
  const othersReady = Promise.all([...opened.values()].map(({ ready }) => ready));
  for (const engine of last) opened.set(engine.name, openLast(engine, start, othersReady));
  for (const { engine } of opened.values()) scope.use(engine);
  return opened;
}

/** Nobody waits for it at the start; but a file that can't be used ends the server as any other would. */
function openLast(config: EngineConfig, start: Start, startsAfter: Promise<unknown>): Opened {
  const opened = openEngine(config, start, startsAfter);
  void opened.ready.then((ready) => ready.ok || start.stop(ready.error));
  return { ...opened, ready: Promise.resolve(ok({})) };
}

function openEngine(
  config: EngineConfig,
  { terminal: screen, log }: Start,
  startsAfter?: Promise<unknown>,
): Opened {
  const { kind, name } = config;
  switch (kind) {
    case 'llama': {
      const { model: modelPath, slots, contextTokens, threads } = config;
      const options = {
        name,
        modelPath,
        log,
        ...(slots !== undefined && { slots }),
        ...(contextTokens !== undefined && { contextTokens }),
        ...(threads !== undefined && { threads }),
        ...(startsAfter !== undefined && { startsAfter }),
      };
      const engine =
        config.task === 'embedding' ? startLlamaEmbedder(options) : startLlamaEngine(options);
      const ready = engine.ready.then((facts) => {
        if (!facts.ok) return err(startFailureSentence(facts.error));
        const millions = (facts.value.parameters / 1e6).toFixed(1);
        // The screen is somebody's shell by the time that the last one is there.
        if (startsAfter === undefined)
          screen.done(
            `The model is loaded (${millions} M parameters, ${facts.value.quantisation})`,
          );
        const { contextTokens: known, canThink: reasoning } = facts.value;
        return ok({ contextTokens: known, capabilities: { reasoning } });
      });
      return { engine, kind, ready };
    }
    case 'openai-compatible':
      return {
        engine: new OpenAiCompatibleEngine(config),
        kind,
        ready: Promise.resolve(ok({})),
      };
    case 'scripted':
      return { engine: new ScriptedEngine({ name }), kind, ready: Promise.resolve(ok({})) };
  }
}

async function enginesReady(engines: ReadonlyMap<string, Opened>): Promise<Result<true, string>> {
  for (const opened of engines.values()) {
    const ready = await opened.ready;
    if (!ready.ok) return ready;
    Object.assign(opened, ready.value);
  }
  return ok(true);
}

async function openHttp(
  { config, log }: Start,
  gateway: Gateway,
  { store, till }: { readonly store: Store; readonly till: Till },
  engines: ReadonlyMap<string, Opened>,
): Promise<HttpServer> {
  const { version } = manifest;
  const kind = config.databaseUrl === undefined ? 'embedded-postgres' : 'postgres';
  const facts: ServerFacts = {
    version,
    startedAtMs: Date.now(),
    nowMs: () => systemClock.nowMs(),
    models: () =>
      [...gateway.models.values()].map(({ id, engine, contextTokensMax }) => ({
        id,
        engine: engine.name,
        contextTokens: contextTokensMax,
      })),
    engines: () =>
      [...engines.values()].map((opened) => ({
        name: opened.engine.name,
        kind: opened.kind,
        state: opened.engine.state(),
      })),
    store: async () => ({ kind, version: store.version, reachable: await store.ping() }),
    snapshotAgeMs: () => store.snapshotAgeMs(),
    generationsRunning: () => gateway.load.generationsRunning,
  };
  const storedBytes = async (owner: Owner): Promise<number> => {
    const bytes = await store.responses.bytesOf(owner);
    if (!bytes.ok) throw new Error('PostgreSQL is away.');
    return bytes.value;
  };
  const { accounts, adminKeys, alerts, billing, exports, plans, prices, reratings } = store;
  const { reconciliations } = store;
  const kept = { accounts, adminKeys, alerts, billing, plans, prices, reratings };
  const pdfOf = pagesLoggedIn(log);
  const downloads = downloadHandlers({ accounts, billing, exports, pdfOf });
  const deps = { ...kept, reconciliations, facts, till, storedBytes, newId, randomBytes };
  const { privateWebhooks } = config.alerts;
  const handlers = managementHandlers({ ...deps, privateWebhooks });
  const adminToken = readOrMakeAdminToken(config.dataDirectory);
  return await HttpServer.create({
    gateway,
    protocols: PROTOCOLS,
    embeddings: EMBEDDING_PROTOCOLS,
    reports: { protocols: REPORT_PROTOCOLS, adminKeys: store.adminKeys, usage: store.reports },
    facts: {
      version,
      storeReady: () => store.ping(),
      receipts: store.receipts,
      keysSee: config.keysSee,
    },
    webSockets: config.webSockets,
    corsOrigins: config.corsOrigins,
    logger: log,
    mountManagement: async (app) => {
      await mountManagement(app, { handlers, downloads, adminToken });
      await mountPaymentWebhooks(app, till);
    },
  });
}
