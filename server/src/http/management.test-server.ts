// What the tests of the management API and of the command line talk to: the real API over a store in memory.
// Run as a program, it listens on a free port of 127.0.0.1 and prints its address; it ends with its standard input.

import { randomBytes } from 'node:crypto';

import Fastify, { type FastifyInstance } from 'fastify';

import { managementHandlers } from '../control/handlers.ts';
import { NO_USAGE } from '../domain/generation/usage.ts';
import { nano } from '../domain/money/nano.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import { newId } from '../lib/ids.ts';
import type { ServerFacts } from '../ports/server-facts.ts';
import { MemoryAccounts } from '../store/memory/accounts.ts';
import { mountManagement } from './management.ts';

export const ADMIN_TOKEN = 'admin-token-of-the-tests';
/** The last moment of a UTC day, so that a report by day has an edge to get wrong. */
export const USED_AT_MS = Date.UTC(2026, 10, 20, 23, 59, 59, 999);

const PRICE: ModelPrice = {
  input: nano(150_000_000n),
  cacheRead: nano(15_000_000n),
  cacheWrite5m: nano(150_000_000n),
  cacheWrite1h: nano(150_000_000n),
  output: nano(600_000_000n),
  reasoning: nano(600_000_000n),
};

export type TestServer = { readonly app: FastifyInstance; readonly accounts: MemoryAccounts };

export async function managementTestServer(): Promise<TestServer> {
  const accounts = new MemoryAccounts(() => USED_AT_MS);
  await accounts.createOrganisation({ id: 'org_1', name: 'First' });
  await accounts.createProject({ id: 'prj_1', organisationId: 'org_1', name: 'Default' });
  await accounts.publishPrices(new Map([['small', PRICE]]));
  const app = Fastify();
  const handlers = managementHandlers({ accounts, facts: FACTS, newId, randomBytes });
  await mountManagement(app, { handlers, adminToken: ADMIN_TOKEN });
  await app.ready();
  return { app, accounts };
}

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
  accounts.settle({
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
    costNano: nano(142_500n),
    outcome: 'completed',
    startedAtMs: USED_AT_MS,
    durationMs: 10,
  });
}

if (import.meta.main) {
  const { app } = await managementTestServer();
  console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
  process.stdin.resume().once('end', () => void app.close());
}
