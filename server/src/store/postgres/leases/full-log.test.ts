// The longest that a restart can take: PostgreSQL was away until the settlement log took no more, then the gateway is
// killed. What it had answered is recorded once, and it is ready again within seconds.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { sampleTree } from '../../../../../bench/processes.ts';
import { segmentFiles } from '../../settlement-log/read-log.ts';
import { auditBooks } from '../audit.ts';
import { booksOf, mustOpen, poolTo, startTestPostgres } from '../database.fixture.ts';
import { CuttingProxy } from '../trouble.fixture.ts';

const CREDIT_NANO = 10_000_000_000n;
/** Of processors, this one and PostgreSQL's together: what the clock says depends on who else is about. */
const READY_CPU_MS_MAX = 5_000;

test('I5 I6 I8 I11 kill -9 with a log that is full: ready again within five seconds, everything recorded once', async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'turnpike-full-log-'));
  await using scope = new AsyncDisposableStack();
  scope.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const postgres = scope.use(await startTestPostgres());
  const connection = await postgres.newDatabase();
  const pool = scope.use(poolTo(connection));
  const logDirectory = join(scratch, 'log');
  let organisationId: string;
  {
    await using store = await mustOpen(connection, { logDirectory });
    organisationId = await booksOf(store).newOrganisation(CREDIT_NANO);
  }
  const told = new Set<string>();
  {
    await using proxy = new CuttingProxy(connection);
    const why = await filledLog(proxy, { organisationId, logDirectory }, told);
    const bytes = segmentFiles(logDirectory).length;
    t.diagnostic(`${told.size} settled in ${bytes} segments; ${why}`);
    assert.match(why, /look why it does not|too long/);
  }
  const cpuMs = () =>
    sampleTree(postgres.postgres.pid ?? 0).reduce((ms, { cpuUs }) => ms + cpuUs / 1_000, 0);
  const before = { own: process.cpuUsage(), postgresMs: cpuMs(), ms: performance.now() };
  const store = scope.use(await mustOpen(connection, { logDirectory }));
  const tookMs = performance.now() - before.ms;
  const own = process.cpuUsage(before.own);
  const spentMs = (own.user + own.system) / 1_000 + cpuMs() - before.postgresMs;
  t.diagnostic(`ready after ${Math.round(tookMs)} ms, ${Math.round(spentMs)} ms of processors`);
  assert.ok(spentMs < READY_CPU_MS_MAX, `${spentMs} ms`);

  const { rows } = await pool.query<{ id: string }>(
    `SELECT replace(request_id::text, '-', '') AS id FROM usage`,
  );
  const recorded = new Set(rows.map(({ id }) => id));
  assert.equal(recorded.size, rows.length);
  for (const id of told) assert.ok(recorded.has(id), id);
  const charged = CREDIT_NANO - 1n - 7n * BigInt(recorded.size - 1);
  assert.deepEqual(await booksOf(store).balance(organisationId), {
    balanceNano: charged,
    heldNano: 0n,
  });
  assert.deepEqual(await auditBooks(pool), []);
});

/** Adds to `told` what the gateway answered before it was killed; why it took no more. */
async function filledLog(
  proxy: CuttingProxy,
  orders: { readonly organisationId: string; readonly logDirectory: string },
  told: Set<string>,
): Promise<string> {
  const program = new URL('./full-log.fixture.ts', import.meta.url).pathname;
  const args = [program, JSON.stringify({ ...orders, connection: proxy.connection })];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let why = 'it ended by itself';
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') {
      proxy.close();
      child.stdin.write('go\n');
    } else if (line.startsWith('full')) {
      why = line;
      child.kill('SIGKILL');
    } else told.add(line);
  }
  return why;
}
