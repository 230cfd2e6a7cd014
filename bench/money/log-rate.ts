// How fast records become durable in the settlement log, on the disk of this machine; and in the same run how fast the
// plainest way is, one append and one fdatasync for each record, one after the other.

import { fdatasyncSync, openSync, closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { newRequestId } from '../../server/src/lib/ids.ts';
import { recordText } from '../../server/src/store/settlement-log/settle-record.ts';
import { SettlementLog } from '../../server/src/store/settlement-log/settlement-log.ts';
import { settlementOf } from './settlement.ts';

export type LogRate = {
  readonly inFlight: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of this process, all of its threads. */
  readonly cpuUs: number;
};

const WARM_UP_MS = 300;
/** So many records are kept behind the newest, as if PostgreSQL were so far behind. */
const BEHIND = 5_000;

export async function logRate(
  directory: string,
  inFlight: number,
  forMs: number,
): Promise<LogRate> {
  await using log = SettlementLog.open({
    directory: join(directory, `log-${inFlight}`),
    gatewayId: 'gw_bench',
    epoch: 1,
    onBroken: (sentence) => {
      throw new Error(sentence);
    },
    onTrouble: () => {},
  });
  await appendFor(log, inFlight, WARM_UP_MS);
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const waits = await appendFor(log, inFlight, forMs);
  const tookMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = waits.toSorted((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.floor(sorted.length * q)] ?? Number.NaN;
  return {
    inFlight,
    perSecond: (waits.length / tookMs) * 1_000,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    cpuUs: (user + system) / waits.length,
  };
}

/** How long each record took until it was durable. */
async function appendFor(log: SettlementLog, inFlight: number, forMs: number): Promise<number[]> {
  const waits: number[] = [];
  const until = performance.now() + forMs;
  const client = async () => {
    for (let nowMs = performance.now(); nowMs < until;) {
      await log.append(recordOf());
      const durableMs = performance.now();
      waits.push(durableMs - nowMs);
      log.free(log.lastSeq - BEHIND);
      nowMs = durableMs;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  return waits;
}

function recordOf(): string {
  const hold = { requestId: newRequestId(Date.now()), organisationId: 'org_0123456789abcdef' };
  const settlement = settlementOf(hold);
  return recordText({ settlement, chargedNano: settlement.costNano });
}

/** Records a second. */
export function plainRate(directory: string, forMs: number): number {
  const file = openSync(join(directory, 'plain.log'), 'a');
  const record = Buffer.from(recordOf());
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < forMs) {
    writeSync(file, record);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  return (count / (performance.now() - startedMs)) * 1_000;
}
