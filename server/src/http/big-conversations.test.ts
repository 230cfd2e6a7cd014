// Conversations of 30 MB that are kept and gone on from, in PostgreSQL or on a WebSocket, hold up nobody: as in
// big-bodies.test.ts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { nano } from '../domain/money/nano.ts';
import { StoreMemory } from '../gateway/memory.ts';
import { Turnstile } from '../gateway/turnstile.fixture.ts';
import { PROTOCOLS } from '../protocols/registry.ts';
import { mustOpen, startTestPostgres } from '../store/postgres/database.fixture.ts';
import type { BigRequest, Shape } from './big-bodies.fixture.ts';
import { HttpServer } from './http-server.ts';
import { Client, longestStretchMs, STRETCH_MS_MAX } from './stretch.fixture.ts';

const ATTEMPTS = 3;
/** Room for all of it. */
const CONTEXT_TOKENS = 40_000_000;
const RETENTION_MS = 3_600_000;

type Sent = { readonly ms: number; readonly id: string; readonly isStored: boolean };

describe('a conversation of 30 MB', () => {
  const scope = new AsyncDisposableStack();
  let client: Client;
  let turnstile: Turnstile;
  let origin = '';

  before(async () => {
    client = scope.use(new Client());
    await client.hear();
    const postgres = scope.use(await startTestPostgres());
    const store = scope.use(await mustOpen(await postgres.newDatabase()));
    turnstile = await Turnstile.with(nano(1_000_000_000_000_000n));
    const { responses } = store;
    const memory = new StoreMemory(responses, () => RETENTION_MS);
    turnstile.gateway = { ...turnstile.gateway, responses, memory };
    const priced = turnstile.models.get('priced');
    assert.ok(priced !== undefined);
    turnstile.models.set('priced', { ...priced, contextTokensMax: CONTEXT_TOKENS });
    const server = await HttpServer.create({
      gateway: turnstile.gateway,
      protocols: PROTOCOLS,
      facts: { version: '0', storeReady: async () => true },
      webSockets: true,
      mountManagement: async () => undefined,
      logger: pino({ level: 'silent' }),
    });
    scope.defer(() => server.stop(AbortSignal.abort()));
    origin = await server.listen('127.0.0.1', 0);
  });

  after(() => scope.disposeAsync());

  async function send(asked: Pick<BigRequest, 'shape' | 'more' | 'socket'>): Promise<Sent> {
    client.say({ origin, key: turnstile.key, model: 'priced', dialect: 'responses', ...asked });
    await client.hear();
    const answered = client.answer();
    const measured = longestStretchMs(answered);
    client.say('send');
    const { status, text, bytes } = await answered;
    assert.equal(status, 200, text.slice(0, 300));
    assert.ok(bytes > 27_000_000 || asked.shape === 'word', `${bytes} bytes`);
    const [id = ''] = /resp_[0-9a-f]{32}/.exec(text) ?? [];
    return { ms: await measured, id, isStored: text.includes('"store":true') };
  }

  async function assertShort(what: string, once: () => Promise<Sent>): Promise<Sent> {
    const seenMs: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const sent = await once();
      // A database that is busy with other people's work may be too slow to keep it; the answer says so.
      if (what === 'stored' && !sent.isStored) continue;
      if (sent.ms <= STRETCH_MS_MAX) return sent;
      seenMs.push(Math.round(sent.ms));
    }
    assert.fail(`${what}: ${seenMs.join(', ')} ms without a turn`);
  }

  for (const shape of ['text', 'escapes', 'messages'] as const satisfies readonly Shape[]) {
    it(`of ${shape}, stored in PostgreSQL and gone on from`, async () => {
      const more = { store: true };
      const { id } = await assertShort('stored', () => send({ shape, more }));
      const next = { store: false, previous_response_id: id };
      await assertShort('recalled', () => send({ shape: 'word', more: next }));
    });

    it(`of ${shape}, over a WebSocket and gone on from there`, async () => {
      const more = { store: false };
      const { id } = await assertShort('sent', () => send({ shape, more, socket: true }));
      const next = { store: false, previous_response_id: id };
      await assertShort('recalled', () => send({ shape: 'word', more: next, socket: true }));
    });
  }

  it('with tools, streamed', async () => {
    const more = { store: false, stream: true };
    await assertShort('streamed', () => send({ shape: 'tools', more }));
  });
});
