// What the tests of the management API talk to: the real API over a store in memory. Run as a program, it is what the
// tests of the command line talk to: the whole server with a scripted engine, on a free port of 127.0.0.1; it prints
// its address and ends with its standard input.

import { randomBytes } from 'node:crypto';

import Fastify, { type FastifyInstance } from 'fastify';
import { pino } from 'pino';

import type { Handlers } from '../control/handler.ts';
import { managementHandlers } from '../control/handlers.ts';
import { NO_USAGE } from '../domain/generation/usage.ts';
import type { Settlement } from '../domain/ledger/settlement.ts';
import { nano } from '../domain/money/nano.ts';
import { wholePrice } from '../domain/pricing/whole-price.ts';
import { PromptMemory } from '../domain/prompt-cache/prompt-memory.ts';
import { DEFAULT_STAGE } from '../domain/release/release-stage.ts';
import { everythingBut } from '../domain/generation/capabilities.ts';
import { ScriptedEngine } from '../engines/scripted/scripted-engine.ts';
import { BackgroundRuns } from '../gateway/background-runs.ts';
import { StoreMemory } from '../gateway/memory.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { assert } from '../lib/assert.ts';
import { newId } from '../lib/ids.ts';
import { ManualPayments } from '../payments/manual/manual-payments.ts';
import { systemClock } from '../ports/clock.ts';
import type { ServerFacts } from '../ports/server-facts.ts';
import type { TillBook } from '../ports/till-book.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { MemoryAccounts } from '../store/memory/accounts.ts';
import { MemoryAdminKeys } from '../store/memory/admin-keys.ts';
import { MemoryLedger } from '../store/memory/ledger.ts';
import { MemorySealingKeys } from '../store/memory/sealing-keys.ts';
import { MemoryResponseStore } from '../store/memory/response-store.ts';
import { Till } from '../till/till.ts';
import { HttpServer } from './http-server.ts';
import { mountManagement } from './management.ts';

export const ADMIN_TOKEN = 'admin-token-of-the-tests';
/** The last moment of a UTC day, so that a report by day has an edge to get wrong. */
export const USED_AT_MS = Date.UTC(2026, 10, 20, 23, 59, 59, 999);

const PRICE = wholePrice({
  input: nano(150_000_000n),
  cacheRead: nano(15_000_000n),
  output: nano(600_000_000n),
});

export type TestServer = { readonly app: FastifyInstance; readonly accounts: MemoryAccounts };

export async function managementTestServer(): Promise<TestServer> {
  const accounts = await testAccounts(() => USED_AT_MS);
  const app = Fastify();
  await mountManagement(app, { handlers: handlersOver(accounts, FACTS), adminToken: ADMIN_TOKEN });
  await app.ready();
  return { app, accounts };
}

async function testAccounts(nowMs: () => number): Promise<MemoryAccounts> {
  const accounts = new MemoryAccounts(nowMs);
  await accounts.createOrganisation({ id: 'org_1', name: 'First' });
  await accounts.createProject({ id: 'prj_1', organisationId: 'org_1', name: 'Default' });
  await accounts.publishPrices(new Map([['small', PRICE]]));
  return accounts;
}

function handlersOver(accounts: MemoryAccounts, facts: ServerFacts): Handlers {
  const till = tillWithoutProviders(accounts, facts);
  const storedBytes = async () => 7;
  // Price books are PostgreSQL's; store/postgres/prices has the tests of their routes.
  const prices = NOWHERE;
  const adminKeys = new MemoryAdminKeys(facts.nowMs);
  const ids = { newId, randomBytes };
  const billing = NOWHERE;
  const alerts = NOWHERE;
  return managementHandlers({
    accounts,
    adminKeys,
    alerts,
    billing,
    prices,
    reratings: NOWHERE,
    facts,
    till,
    storedBytes,
    ...ids,
  });
}

/** Payments are tested where there is a database: `server/src/control/payments.test.ts`. */
function tillWithoutProviders(accounts: MemoryAccounts, { nowMs }: ServerFacts): Till {
  const silent = () => undefined;
  const book: TillBook = {
    topUps: NOWHERE,
    methods: NOWHERE,
    reloads: NOWHERE,
    bills: NOWHERE,
    reversals: NOWHERE,
    events: NOWHERE,
    bank: NOWHERE,
    clearing: () => NOWHERE,
  };
  return new Till({
    accounts,
    book,
    providers: new Map(),
    wires: new ManualPayments(book.bank, nowMs),
    bounds: { leastCents: 500, mostCents: 1_000_000 },
    log: { isLevelEnabled: () => false, debug: silent, info: silent, warn: silent, error: silent },
    nowMs,
    newId,
  });
}

/** What is kept in a database only. Never looked into: whoever does is told so. */
const NOWHERE = new Proxy({} as never, {
  get: (_, name) => assert(false, `there is no such thing in memory (${String(name)})`),
});

const FACTS: ServerFacts = {
  version: '0.1.0',
  startedAtMs: USED_AT_MS - 90_000,
  nowMs: () => USED_AT_MS,
  models: () => [
    { id: 'small', engine: 'embedded', contextTokens: 2048 },
    { id: 'unpriced', engine: 'far' },
  ],
  engines: () => [
    { name: 'embedded', kind: 'llama', state: { kind: 'ready' } },
    {
      name: 'far',
      kind: 'openai-compatible',
      state: { kind: 'down', reason: 'It refuses connections.' },
    },
  ],
  store: async () => ({ kind: 'memory', reachable: true }),
  snapshotAgeMs: () => 12.4,
  generationsRunning: () => 3,
};

/** A request that was settled, with 1,000 tokens in, 500 of them cached, and 100 out. */
export function useOnce(accounts: MemoryAccounts, requestId: string, keyId: string): void {
  const settlement: Settlement = {
    requestId,
    organisationId: 'org_1',
    projectId: 'prj_1',
    keyId,
    model: 'small',
    engine: 'embedded',
    protocol: 'openai-chat',
    usage: { ...NO_USAGE, input: 500, cacheRead: 500, output: 100 },
    usageSource: 'engine',
    priceVersion: 1,
    tier: 'standard',
    costNano: nano(142_500n),
    outcome: 'completed',
    startedAtMs: USED_AT_MS,
    durationMs: 10,
  };
  accounts.settle(settlement, settlement.costNano);
}

if (import.meta.main) {
  const accounts = await testAccounts(Date.now);
  const facts = { ...FACTS, nowMs: Date.now, startedAtMs: Date.now() };
  const server = await HttpServer.create({
    gateway: scriptedGateway(accounts),
    protocols: [openaiChat],
    facts: { version: FACTS.version, storeReady: async () => true },
    mountManagement: (app) =>
      mountManagement(app, { handlers: handlersOver(accounts, facts), adminToken: ADMIN_TOKEN }),
    webSockets: false,
    logger: pino({ level: 'silent' }),
  });
  console.log(await server.listen('127.0.0.1', 0));
  process.stdin.resume().once('end', () => void server.stop(AbortSignal.timeout(1)));
}

function scriptedGateway(accounts: MemoryAccounts): Gateway {
  const small = {
    id: 'small',
    engine: new ScriptedEngine(),
    engineModel: 'small',
    contextTokensMax: 4096,
    outputTokensMax: 4096,
    capabilities: everythingBut(),
    stage: DEFAULT_STAGE,
    createdAtSeconds: 0,
  };
  const silent = () => undefined;
  const responses = new MemoryResponseStore(Date.now);
  return {
    models: new Map([[small.id, small]]),
    snapshot: () => accounts.snapshot(),
    ledger: new MemoryLedger(accounts),
    memory: new StoreMemory(responses, () => 0),
    responses,
    retentionMs: () => 0,
    background: new BackgroundRuns(responses),
    sealing: new MemorySealingKeys(),
    prompts: new PromptMemory(),
    clock: systemClock,
    log: { isLevelEnabled: () => false, debug: silent, info: silent, warn: silent, error: silent },
    unknownFields: new Map(),
    load: { generationsRunning: 0, countsRunning: 0, stopping: false },
  };
}
