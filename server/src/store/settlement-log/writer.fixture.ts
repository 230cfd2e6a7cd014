// A process that writes a settlement log as fast as it can, and says on its output what was acknowledged.

import { SettlementLog } from './settlement-log.ts';

const log = SettlementLog.open({
  directory: process.argv[2] ?? '',
  gatewayId: 'gw_test',
  epoch: 1,
  segmentBytes: 64 * 1024,
  onBroken: (sentence) => console.error(sentence),
  onTrouble: (sentence) => console.error(sentence),
});
const WRITERS = 16;
let count = 0;
await Promise.all(
  Array.from({ length: WRITERS }, async () => {
    for (;;) {
      const payload = `record ${(count += 1)} ${'.'.repeat(count % 500)}`;
      await log.append(payload);
      process.stdout.write(`${payload}\n`);
      // Room for at most a few segments, as with an applier behind it.
      log.free(0);
    }
  }),
);
