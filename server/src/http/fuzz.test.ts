// Requests that are almost right, over a real socket: no answer is a 5xx, nothing crashes, nothing is generated that is not
// billed, and the event loop never stands still. TURNPIKE_FUZZ_RUNS=100000 takes minutes, TURNPIKE_TEST_SEED begins anew.

import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import type { Ticket } from '../domain/admission/ticket.ts';
import { nano } from '../domain/money/nano.ts';
import { ScriptedEngine } from '../engines/scripted/scripted-engine.ts';
import { Turnstile } from '../gateway/turnstile.fixture.ts';
import { EMBEDDING_PROTOCOLS, PROTOCOLS } from '../protocols/registry.ts';
import { chanceOf, fuzzedRequest, type FuzzedRequest } from './fuzz.fixture.ts';
import { HttpServer } from './http-server.ts';

const RUNS = Number(process.env['TURNPIKE_FUZZ_RUNS'] ?? 3_000);
const SEED = Number(process.env['TURNPIKE_TEST_SEED'] ?? 20_261_120);
const AT_ONCE = 8;

type Answer = { readonly status: number; readonly text: string };

function send(origin: string, agent: Agent, fuzzed: FuzzedRequest): Promise<Answer> {
  const { method, path, headers, body } = fuzzed;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const asked = httpRequest(`${origin}${path}`, {
      method,
      agent,
      headers: { ...headers, ...length },
    });
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asked.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, text: '' });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Remembers for which requests it has worked: one may be several generations. */
class WatchedEngine extends ScriptedEngine {
  readonly asked = new Set<string>();

  override generate(ticket: Ticket, signal: AbortSignal) {
    this.asked.add(ticket.requestId);
    return super.generate(ticket, signal);
  }
}

describe('requests that are almost right', () => {
  it(`${RUNS} of them: no 5xx, no crash, nothing unbilled`, async () => {
    const turnstile = await Turnstile.with(nano(1_000_000_000_000n));
    const engine = new WatchedEngine();
    for (const id of ['priced', 'unpriced', 'free', 'given']) turnstile.serves(id, engine);
    const given = turnstile.models.get('given');
    assert.ok(given !== undefined);
    turnstile.models.set('given', { ...given, task: 'embedding' });
    const server = await HttpServer.create({
      gateway: turnstile.gateway,
      protocols: PROTOCOLS,
      embeddings: EMBEDDING_PROTOCOLS,
      facts: { version: '0', storeReady: async () => true },
      webSockets: true,
      mountManagement: async () => undefined,
      logger: pino({ level: 'silent' }),
    });
    const origin = await server.listen('127.0.0.1', 0);
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const chance = chanceOf(SEED);
    const statuses = new Map<number, number>();
    let left = RUNS;
    const work = async (): Promise<void> => {
      while (left > 0) {
        left--;
        const fuzzed = fuzzedRequest(chance, turnstile.key);
        const { status, text } = await send(origin, agent, fuzzed);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const said = `${status} ${text.slice(0, 300)} to ${fuzzed.method} ${fuzzed.path} ${JSON.stringify(fuzzed.headers)} ${fuzzed.body?.toString('latin1').slice(0, 3_000) ?? ''}`;
        assert.ok(status < 500 || isHonest(text), said);
        if (status >= 400 && status !== 404 && text !== '')
          assert.doesNotThrow(() => JSON.parse(text), said);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    agent.destroy();
    await server.stop(AbortSignal.abort());
    const settled = turnstile.ledger.settlements.filter(
      ({ settlement }) => settlement.protocol !== 'openai-embeddings',
    );
    assert.equal(settled.length, engine.asked.size, 'every generation is settled');
    assert.equal(engine.counts().live, 0);
    for (const { settlement } of turnstile.ledger.settlements) {
      const isPaid =
        settlement.costNano > 0n || settlement.model === 'free' || settlement.outcome === 'failed';
      assert.ok(
        isPaid,
        JSON.stringify(settlement, (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      );
    }
    turnstile.assertAtRest();
    assert.ok((statuses.get(200) ?? 0) > RUNS / 10, 'enough of them are right');
    assert.ok((statuses.get(400) ?? 0) > RUNS / 10, 'enough of them are wrong');
  });
});

/** A model of the test has no price; that is the operator's doing, and said so. */
function isHonest(text: string): boolean {
  return text.includes('has no price');
}
