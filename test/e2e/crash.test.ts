// kill -9 under load: every answer whose last byte a client saw is in the books once, with its price; every payment that was
// acknowledged is there once; nothing else is charged twice, no limit is exceeded, every hold and lease ends, and nobody has
// to lend a hand. `node test/crash/main.ts 60` has more rounds, and so has the nightly run.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { crashLoop } from '../crash/crash-loop.ts';
import { openBooks } from './books.ts';
import { crowd, visit, type Seen } from './customers.ts';
import { SCRIPTED_CONFIG, Turnpike } from './turnpike.ts';

const ROUNDS = 8;
const ENGINE_ROUNDS = 2;
const AT_ONCE = 12;
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

it(`I1 I2 I3 I5 I6 I7 I8 I9 I11 I14 ${ROUNDS} rounds of kill -9 of the server, of PostgreSQL and of both under load: what was acknowledged is recorded once`, async (t) => {
  const figures = await crashLoop({ rounds: ROUNDS, onRound: (line) => t.diagnostic(line) });
  const ends = [...figures.ends].map(([kind, count]) => `${count} ${kind}`).join(', ');
  t.diagnostic(`${ends}; ${figures.payments} payments; back after ${figures.backMsMax} ms`);
  assert.ok(figures.answered > ROUNDS * 10 && figures.payments > ROUNDS, 'there was load');
});

it(`I5 I6 I8 ${ENGINE_ROUNDS} rounds of kill -9 of the engine's process under load: what was answered is recorded once, and everything goes on`, async (t) => {
  await using turnpike = await Turnpike.start({ config: CONFIG });
  const all = await engineRounds(turnpike);
  await using books = openBooks(turnpike.dataDirectory);
  const recorded = await books.recorded();
  const answered = all.filter((one) => one.kind === 'answered');
  for (const { requestId } of answered) {
    assert.deepEqual(recorded.get(requestId), { times: 1, outcome: 'completed' }, requestId);
  }
  assert.deepEqual(await books.findings(), []);
  assert.equal(await books.openHolds(), 0);
  const kinds = Map.groupBy(all, ({ kind }) => kind);
  t.diagnostic([...kinds].map(([kind, list]) => `${list.length} ${kind}`).join(', '));
  assert.ok(answered.length > ENGINE_ROUNDS * 5, 'there was load');
});

async function engineRounds(turnpike: Turnpike): Promise<readonly Seen[]> {
  let stopped = false;
  const load = crowd(AT_ONCE, () => (stopped ? undefined : oneVisit(turnpike)));
  for (let round = 0; round < ENGINE_ROUNDS; round++) {
    await sleep(CALM_MS[0] + Math.random() * (CALM_MS[1] - CALM_MS[0]));
    process.kill(engineProcessOf(turnpike), 'SIGKILL');
    await answersAgain(turnpike);
  }
  stopped = true;
  return load;
}

async function oneVisit(turnpike: Turnpike): Promise<Seen> {
  const model = Math.random() < 0.5 ? 'scripted' : 'mini';
  const one = await visit(turnpike, ask(turnpike, model, Math.random() < 0.5, 24));
  // A server that is away answers at once, and a crowd that asks at once would only heat the machine.
  if (one.kind !== 'answered') await sleep(50);
  return one;
}

function ask(turnpike: Turnpike, model: string, stream: boolean, tokensMax: number) {
  const messages = [{ role: 'user', content: 'Tell me a story. [[tokens=20 rate=300]]' }];
  return { key: turnpike.firstKey, body: { model, stream, max_tokens: tokensMax, messages } };
}

async function answersAgain(turnpike: Turnpike): Promise<void> {
  const deadline = performance.now() + BACK_WITHIN_MS;
  while ((await visit(turnpike, ask(turnpike, 'mini', false, 2))).kind !== 'answered') {
    assert.ok(performance.now() < deadline, `the engine is not back:\n${turnpike.output}`);
    await sleep(50);
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
