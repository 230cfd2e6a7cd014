// Frames that are almost right, over real WebSockets: each has one end, none is a 5xx, nothing crashes and nothing is generated
// that is not billed. TURNPIKE_FUZZ_RUNS=100000 takes minutes, TURNPIKE_TEST_SEED begins anew.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chanceOf, fuzzedFrame } from './fuzz.fixture.ts';
import { isLast, SocketServer, type SocketClient } from './web-socket-client.fixture.ts';

/** A fifth of what is sent over HTTP. */
const RUNS = Number(process.env['TURNPIKE_FUZZ_RUNS'] ?? 3_000) / 5;
const SEED = Number(process.env['TURNPIKE_TEST_SEED'] ?? 20_261_120);

/** The frame that ends the answer. */
async function answerTo(client: SocketClient, frame: Buffer): Promise<string> {
  client.peer.send(frame, { binary: false });
  return JSON.stringify(await client.next(isLast));
}

it(`${RUNS} frames that are almost right`, async () => {
  await using server = await SocketServer.start();
  const { turnstile } = server;
  const chance = chanceOf(SEED);
  const ends = new Map<string, number>();
  let client = await server.open();
  for (let run = 0; run < RUNS; run++) {
    const frame = fuzzedFrame(chance);
    const said = await answerTo(client, frame);
    const shown = `${said.slice(0, 400)} to ${frame.toString('latin1').slice(0, 600)}`;
    if (run % 50 === 49) {
      await client[Symbol.asyncDispose]();
      client = await server.open();
    }
    const [, type = said, status = '200'] = /"type":"([^"]+)"(?:,"status":(\d+))?/.exec(said) ?? [];
    assert.ok(Number(status) < 500 || said.includes('has no price'), shown);
    assert.notEqual(type, 'response.failed', shown);
    ends.set(type, (ends.get(type) ?? 0) + 1);
  }
  await client[Symbol.asyncDispose]();
  const { finished, aborted, failed } = turnstile.scripted.counts();
  assert.equal(turnstile.ledger.settlements.length, finished + aborted + failed);
  turnstile.assertAtRest();
  assert.ok((ends.get('response.completed') ?? 0) > RUNS / 10, 'enough of them are right');
  assert.ok((ends.get('error') ?? 0) > RUNS / 10, 'enough of them are wrong');
});
