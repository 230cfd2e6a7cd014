// kill -9 of the server, of PostgreSQL and of the engine's process, under load: every answer whose last byte a client saw
// is in the ledger once, nothing else is charged twice, every hold ends, and nobody has to lend a hand.
// I5, I6, I8. Rounds: TURNPIKE_CRASH_ROUNDS, 2 unless told.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBooks } from './books.ts';
import { crowd, visit, type Seen } from './customers.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const ROUNDS = Number(process.env['TURNPIKE_CRASH_ROUNDS'] ?? 2);
const AT_ONCE = 24;
/** Long enough for work to be under way, different in every round. */
const CALM_MS = [300, 1_100] as const;
const BACK_WITHIN_MS = 30_000;

const CONFIG = {
  engines: [
    ...SCRIPTED_CONFIG.engines,
    {
      kind: 'llama',
      name: 'embedded',
      model: new URL('../../models/turnpike-mini/turnpike-mini.gguf', import.meta.url).pathname,
    },
  ],
  models: [
    ...SCRIPTED_CONFIG.models,
    { id: 'mini', engine: 'embedded', price: { input: '1.234567', output: '7.654321' } },
  ],
};

/** Ends the victim without warning; the Turnpike that customers go to from then on. */
type Blow = (turnpike: Turnpike) => Promise<Turnpike>;

const killed = new Set<number>();

const BLOWS: { readonly [victim: string]: Blow } = {
  'the server': async (turnpike) => {
    await turnpike.stop('SIGKILL');
    return await Turnpike.start({ config: CONFIG, dataDirectory: turnpike.dataDirectory });
  },
  PostgreSQL: async (turnpike) => {
    const pid = await postmasterOf(turnpike);
    process.kill(pid, 'SIGKILL');
    killed.add(pid);
    return turnpike;
  },
  "the engine's process": async (turnpike) => {
    process.kill(engineProcessOf(turnpike), 'SIGKILL');
    return turnpike;
  },
};

for (const [victim, blow] of Object.entries(BLOWS)) {
  describe(`kill -9 of ${victim}, ${ROUNDS} rounds under load`, () => {
    it('I5 I6 I8: what was answered is recorded once, and everything goes on', async () => {
      const { turnpike, all } = await rounds(blow);
      await using _stopped = turnpike;
      await using books = openBooks(turnpike.dataDirectory);
      const recorded = await books.recorded();
      const answered = all.filter((one) => one.kind === 'answered');
      for (const { requestId } of answered) {
        assert.deepEqual(recorded.get(requestId), { times: 1, outcome: 'completed' }, requestId);
      }
      assert.deepEqual(await books.findings(), []);
      await holdsEnd(books);
      const kinds = Map.groupBy(all, ({ kind }) => kind);
      console.log(`# ${[...kinds].map(([kind, list]) => `${list.length} ${kind}`).join(', ')}`);
      assert.ok(answered.length > ROUNDS * 5, 'there was load');
    });
  });
}

async function rounds(blow: Blow): Promise<{ turnpike: Turnpike; all: Seen[] }> {
  let turnpike = await Turnpike.start({ config: CONFIG });
  const key = turnpike.firstKey;
  let stopped = false;
  const load = crowd(AT_ONCE, () => (stopped ? undefined : oneVisit(turnpike, key)));
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(CALM_MS[0] + Math.random() * (CALM_MS[1] - CALM_MS[0]));
    turnpike = await blow(turnpike);
    await answersAgain(turnpike, key);
  }
  stopped = true;
  return { turnpike, all: await load };
}

async function oneVisit(turnpike: Turnpike, key: string): Promise<Seen> {
  const stream = Math.random() < 0.5;
  const [model, content] =
    Math.random() < 0.7
      ? ['scripted', `[[tokens=${Math.floor(Math.random() * 30)} rate=300]] go on`]
      : ['mini', 'Tell me a story.'];
  const body = { model, stream, max_tokens: 24, messages: [{ role: 'user', content }] };
  const one = await visit(turnpike, { key, body });
  // A server that is away answers at once, and a crowd that asks at once would only heat the machine.
  if (one.kind !== 'answered') await sleep(50);
  return one;
}

async function answersAgain(turnpike: Turnpike, key: string): Promise<void> {
  const deadline = performance.now() + BACK_WITHIN_MS;
  for (const model of ['scripted', 'mini']) {
    const body = {
      model,
      stream: false,
      max_tokens: 2,
      messages: [{ role: 'user', content: 'hi' }],
    };
    while ((await visit(turnpike, { key, body })).kind !== 'answered') {
      assert.ok(performance.now() < deadline, `${model} is not back:\n${turnpike.output}`);
      await sleep(50);
    }
  }
}

/** A hold whose settle was cut off is ended by the gateway itself, soon. */
async function holdsEnd(books: ReturnType<typeof openBooks>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await books.openHolds()) > 0) {
    assert.ok(performance.now() < deadline, `${await books.openHolds()} holds are left`);
    await sleep(50);
  }
}

/** Answers go on from a lease while PostgreSQL is away, so the next blow waits for it to be back. */
async function postmasterOf(turnpike: Turnpike): Promise<number> {
  for (const deadline = performance.now() + BACK_WITHIN_MS; ; await sleep(20)) {
    const [path] = globSync(`${turnpike.dataDirectory}/postgres/**/postmaster.pid`);
    const pid = path === undefined ? 0 : Number(readFileSync(path, 'utf8').split('\n')[0]);
    if (pid > 0 && !killed.has(pid)) return pid;
    assert.ok(performance.now() < deadline, 'PostgreSQL is not back');
  }
}

function engineProcessOf(turnpike: Turnpike): number {
  const children = readFileSync(
    `/proc/${turnpike.child.pid}/task/${turnpike.child.pid}/children`,
    'utf8',
  );
  for (const pid of children.split(' ').filter((text) => text !== '')) {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('llama')) return Number(pid);
  }
  throw new Error('the engine has no process');
}
