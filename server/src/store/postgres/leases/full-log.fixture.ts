// A gateway with a lease as large as it could ever need, which settles until its log takes no more, while PostgreSQL is
// away. It says `ready` when it has the lease, then what was answered, then `full` and why it stopped.

import { setTimeout as sleep } from 'node:timers/promises';
import { nano } from '../../../domain/money/nano.ts';
import { mustHold, testRequestId, testSettlement } from '../../../ports/ledger.contract.ts';
import { mustOpen, type SocketConnection } from '../database.fixture.ts';

type Orders = {
  readonly connection: SocketConnection;
  readonly organisationId: string;
  readonly logDirectory: string;
};

const CLIENTS = 256;
const LEASE_NANO = 1_000_000_000n;

// `as` because the test that starts this process wrote it.
const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const { connection, organisationId, logDirectory } = orders;
let trouble = 'PostgreSQL was away for too long';
const store = await mustOpen(connection, {
  logDirectory,
  onProblem: ({ kind, sentence }) => {
    if (kind === 'log-full') trouble = sentence;
  },
});
const first = await mustHold(store.ledger, organisationId, LEASE_NANO);
await store.ledger.settle(first, testSettlement(first, 1n));
await say(['ready']);
// The line to PostgreSQL is cut when this is read.
await new Promise((resume) => process.stdin.once('data', resume));
const endUser = 'somebody-with-a-name-of-the-usual-length';
const told: string[] = [];
let isFull = false;
await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    while (!isFull) {
      const requestId = testRequestId();
      const wantNano = nano(1_000n);
      const request = { requestId, organisationId, wantNano, leastNano: wantNano };
      const held = await store.ledger.hold(request);
      if (held.kind !== 'held') {
        isFull = true;
        break;
      }
      const settlement = testSettlement(held.hold, 7n, { endUser });
      const settled = await store.ledger.settle(held.hold, settlement);
      if (settled.kind === 'settled') told.push(requestId.slice(4));
      if (told.length >= 1_000) await say(told.splice(0));
    }
  }),
);
await say(told);
await say([`full: ${trouble}`]);
await sleep(60_000); // to be killed

function say(lines: readonly string[]): Promise<unknown> {
  if (lines.length === 0) return Promise.resolve();
  return new Promise((written) => process.stdout.write(`${lines.join('\n')}\n`, written));
}
