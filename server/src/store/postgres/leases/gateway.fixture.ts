// A gateway that holds and settles as fast as it can, and says on its output what was answered, until it is killed.

import { nano } from '../../../domain/money/nano.ts';
import { testRequestId, testSettlement } from '../../../ports/ledger.contract.ts';
import { mustOpen, type SocketConnection } from '../database.fixture.ts';

type Orders = {
  readonly connection: SocketConnection;
  readonly organisationId: string;
  readonly logDirectory: string;
};

// `as` because the test that starts this process wrote it.
const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const { connection, organisationId, logDirectory } = orders;
const store = await mustOpen(connection, { logDirectory });
const CLIENTS = 32;
let count = 0;
await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    for (;;) {
      const requestId = testRequestId();
      const wantNano = nano(1_000n);
      const request = { requestId, organisationId, wantNano, leastNano: wantNano };
      const held = await store.ledger.hold(request);
      if (held.kind !== 'held') continue;
      const settlement = testSettlement(held.hold, BigInt(1 + ((count += 1) % 900)));
      const settled = await store.ledger.settle(held.hold, settlement);
      if (settled.kind !== 'settled') continue;
      process.stdout.write(`${requestId.slice(4)} ${settled.chargedNano}\n`);
    }
  }),
);
