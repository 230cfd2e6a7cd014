// A disk that is really full: a small one of its own, where root may make one.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { framesOf, readLeftLog } from './read-log.ts';
import { NoRoom, SettlementLog } from './settlement-log.ts';

const GATEWAY = 'gw_test';
const SEGMENT_BYTES = 64 * 1024;
const RECORD = 'x'.repeat(1_000);
const PATIENCE_MS = 30_000;

/** Undefined where nobody may mount one. */
function smallDisk(): (Disposable & { readonly path: string }) | undefined {
  const path = mkdtempSync(join(tmpdir(), 'turnpike-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      execFileSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}

test('I6 ENOSPC: what is acknowledged stays, what does not fit is refused, and there is room again when something is removed', async (t) => {
  using disk = smallDisk();
  if (disk === undefined) {
    t.skip('no small disk can be made here');
    return;
  }
  const filler = join(disk.path, 'filler');
  writeFileSync(filler, Buffer.alloc(256 * 1024, 1));
  const directory = join(disk.path, 'log');
  const troubles: string[] = [];
  const kept: string[] = [];
  const refused: string[] = [];
  {
    await using log = SettlementLog.open({
      directory,
      gatewayId: GATEWAY,
      epoch: 1,
      segmentBytes: SEGMENT_BYTES,
      onBroken: assert.fail,
      onTrouble: (sentence) => troubles.push(sentence),
    });
    const append = async (n: number): Promise<void> => {
      const payload = `${n}:${RECORD}`;
      try {
        await log.append(payload);
        kept.push(payload);
      } catch (error) {
        assert.ok(error instanceof NoRoom, String(error));
        refused.push(payload);
      }
    };
    for (let n = 0; refused.length < 3; n++) await append(n);
    assert.ok(kept.length > (2 * SEGMENT_BYTES) / 1_100, `${kept.length} were kept`);
    assert.ok(!log.usable);
    assert.match(troubles[0] ?? '', /free some disk space/);
    rmSync(filler);
    const deadline = performance.now() + PATIENCE_MS;
    while (!log.usable) {
      assert.ok(performance.now() < deadline, 'there is room, and it is not seen');
      await sleep(20);
    }
    const before = kept.length;
    for (let n = 0; n < 10; n++) await append(1_000 + n);
    assert.equal(kept.length, before + 10);
  }
  const left = readLeftLog(directory, GATEWAY);
  assert.ok(left.ok);
  const payloads = left.value.segments.flatMap((segment) =>
    framesOf(segment, GATEWAY).map(({ payload }) => payload),
  );
  assert.deepEqual(payloads, kept);
});
