// A real PostgreSQL with organisations in it that have more credit than any run can spend, and stores on it: gateways with
// leases and a settlement log on this machine's disk, as a server opens them.

import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../server/src/lib/ids.ts';
import { nano } from '../../server/src/domain/money/nano.ts';
import { startEmbeddedPostgres } from '../../server/src/store/postgres/embedded/embedded-postgres.ts';
import { openStore, type Store } from '../../server/src/store/postgres/store.ts';
import { sampleTree } from '../processes.ts';

const CREDIT_NANO = nano(1_000_000n * 1_000_000_000n);

export type Lab = AsyncDisposable & {
  /** Where there is room on the disk that is measured. */
  readonly directory: string;
  open(gatewayId: string): Promise<Store>;
  /** Processor time of PostgreSQL since it started. */
  postgresCpuUs(): number;
};

export async function openLab(): Promise<Lab> {
  const directory = mkdtempSync(join(tmpdir(), 'turnpike-bench-money-'));
  chmodSync(directory, 0o755);
  const started = await startEmbeddedPostgres({
    dataDirectory: join(directory, 'postgres'),
    onProgress: () => {},
    onLog: () => {},
  });
  if (!started.ok) throw new Error(started.error.sentence);
  const postgres = started.value;
  return {
    directory,
    async open(gatewayId) {
      const opened = await openStore({
        connection: postgres.connection,
        gatewayId,
        settlement: 'leases',
        logDirectory: join(directory, `log-of-${gatewayId}`),
        onProblem: ({ sentence }) => process.stderr.write(`bench: ${sentence}\n`),
      });
      if (!opened.ok) throw new Error(opened.error.message);
      return opened.value;
    },
    postgresCpuUs: () => sampleTree(postgres.pid ?? 0).reduce((sum, { cpuUs }) => sum + cpuUs, 0),
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Ids of new organisations, each with credit. */
export async function organisations(store: Store, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => newId('org'));
  for (const id of ids) {
    await store.accounts.createOrganisation({ id, name: id });
    const credit = { id: `credit-of-${id}`, organisationId: id, source: 'manual' } as const;
    await store.accounts.addCredits({ ...credit, amountNano: CREDIT_NANO });
  }
  return ids;
}
