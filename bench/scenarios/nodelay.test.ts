// The scenario tells a relay that lets small writes wait from one that does not, on real sockets.

import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { BenchRun } from '../bench-run.ts';
import { LoadGenerator } from '../load/process.ts';
import { Measurements } from '../measurements.ts';
import { QUICK_SCHEDULE } from '../schedule.ts';
import { UpstreamProcess } from '../upstream/process.ts';
import { DELAYED_SHARE_MAX, nodelayScenario } from './nodelay.ts';

describe('the nodelay scenario', () => {
  it('passes a relay with TCP_NODELAY and catches one without it', async () => {
    await using scope = new AsyncDisposableStack();
    const upstream = scope.use(await UpstreamProcess.start(0));
    const load = scope.use(new LoadGenerator());
    const measurements = new Measurements();
    const entrants = await Promise.all([
      entrant(scope, 'prompt', upstream.port, true),
      entrant(scope, 'nagling', upstream.port, false),
    ]);
    const run: BenchRun = {
      entrants,
      upstream,
      load,
      schedule: QUICK_SCHEDULE,
      measurements,
      say: () => undefined,
    };
    await nodelayScenario(run);
    const share = (name: string): number =>
      measurements.median(name, 'nodelay.plainDelayedShare') ?? -1;
    assert.deepEqual(measurements.defects, []);
    assert.ok(
      share('prompt') <= DELAYED_SHARE_MAX,
      `with TCP_NODELAY ${share('prompt')} were late`,
    );
    assert.ok(share('nagling') > 0.25, `without TCP_NODELAY only ${share('nagling')} were late`);
  });
});

/** A relay that passes bytes on as they come, with or without Nagle's algorithm on both of its sockets. */
async function entrant(
  scope: AsyncDisposableStack,
  name: string,
  upstreamPort: number,
  noDelay: boolean,
): Promise<BenchRun['entrants'][number]> {
  const server = createServer({ noDelay }, (client) => {
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1', noDelay });
    join(client, upstream);
    join(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(() => void server.close());
  // `as` because a TCP server that listens has an address object.
  const { port } = server.address() as AddressInfo;
  const target = { port, path: '/v1/chat/completions', headers: {}, model: 'bench-model' };
  return {
    name,
    running: {
      kind: 'running',
      version: name,
      target,
      pid: undefined,
      partOf: () => name,
      [Symbol.asyncDispose]: nothing,
    },
  };
}

function join(from: Socket, to: Socket): void {
  from.on('data', (bytes: Buffer) => to.write(bytes));
  from.on('error', () => to.destroy());
  from.once('close', () => to.destroy());
}

async function nothing(): Promise<void> {}
