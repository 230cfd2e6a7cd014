// What the log promises: everything acknowledged is read back, in order, whatever the end of the process was; a torn end
// is cut, and damage is told from it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { testSettlement } from '../../ports/ledger.contract.ts';
import { framesOf, readLeftLog, segmentFiles } from './read-log.ts';
import { parseRecord, recordText } from './settle-record.ts';
import { LogBroken, NoRoom, SettlementLog } from './settlement-log.ts';

const GATEWAY = 'gw_test';
const SEGMENT_BYTES = 4_096;

let scratch: string;
let directories = 0;
before(() => (scratch = mkdtempSync(join(tmpdir(), 'turnpike-log-'))));
after(() => rmSync(scratch, { recursive: true }));

const newDirectory = () => join(scratch, `log-${(directories += 1)}`);

function openLog(directory: string, epoch = 1): SettlementLog {
  return SettlementLog.open({
    directory,
    gatewayId: GATEWAY,
    epoch,
    segmentBytes: SEGMENT_BYTES,
    onBroken: assert.fail,
    onTrouble: assert.fail,
  });
}

/** Writes each group at once and the groups one after the other. */
async function writeGroups(directory: string, groups: readonly (readonly string[])[]) {
  await using log = openLog(directory);
  for (const group of groups) await Promise.all(group.map((payload) => log.append(payload)));
}

function payloadsIn(directory: string): readonly string[] {
  const left = readLeftLog(directory, GATEWAY);
  if (!left.ok) throw new Error(left.error);
  return left.value.segments.flatMap((segment) =>
    framesOf(segment, GATEWAY).map(({ payload }) => payload),
  );
}

const payload = fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' });
const groupsOf = fc.array(fc.array(payload, { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 12,
});

describe('the settlement log', () => {
  test('I6 gives back everything in order, over any number of segments', async () => {
    await fc.assert(
      fc.asyncProperty(groupsOf, async (groups) => {
        const directory = newDirectory();
        await writeGroups(directory, groups);
        assert.deepEqual(payloadsIn(directory), groups.flat());
      }),
      { numRuns: 30 },
    );
  });

  test('a record is what it was before', () => {
    const hold = { requestId: `req_${'0'.repeat(32)}`, organisationId: 'org_"\\\n' };
    const settlement = testSettlement(hold, 2n ** 62n, { firstTokenAfterMs: 3.25 });
    assert.deepEqual(parseRecord(recordText({ settlement, chargedNano: 7n })), {
      settlement,
      chargedNano: 7n,
    });
  });

  test('I6 cut at any byte: a prefix is left, and whatever was cut off was at the end', async () => {
    await fc.assert(
      fc.asyncProperty(groupsOf, fc.nat(SEGMENT_BYTES), async (groups, cutBytes) => {
        const directory = newDirectory();
        await writeGroups(directory, groups);
        const last = segmentFiles(directory).at(-1)?.path ?? assert.fail();
        truncateSync(last, SEGMENT_BYTES - cutBytes);
        const left = payloadsIn(directory);
        assert.deepEqual(left, groups.flat().slice(0, left.length));
      }),
      { numRuns: 40 },
    );
  });

  test('I6 any bit that flips is harmless, or the log is refused, or only the last group is cut', async () => {
    const outcomes = new Set<string>();
    const flip = fc.tuple(fc.nat(), fc.nat());
    const flips = fc.array(flip, { minLength: 20, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(groupsOf, flips, async (groups, list) => {
        const directory = newDirectory();
        await writeGroups(directory, groups);
        for (const [pick, bit] of list) {
          using _flipped = flipBit(directory, pick, bit);
          outcomes.add(flipOutcome(directory, groups));
        }
      }),
      { numRuns: 15 },
    );
    assert.deepEqual([...outcomes].toSorted(), ['cut', 'harmless', 'refused']);
  });

  test('I8 a segment goes when all of its records are applied, and comes back with nothing of the old in it', async () => {
    const directory = newDirectory();
    await using log = openLog(directory);
    const long = 'x'.repeat(1_000);
    for (let n = 0; n < 40; n++) {
      await log.append(`${n}:${long}`);
      log.free(n - 2);
      assert.ok(readdirSync(directory).length <= 6);
    }
    const left = payloadsIn(directory).map((text) => Number(text.split(':')[0]));
    assert.deepEqual(left.slice(-3), [37, 38, 39]);
    assert.equal(left.length, 40 - (left[0] ?? 0));
  });

  test('a log of another gateway is refused', async () => {
    const directory = newDirectory();
    await writeGroups(directory, [['a']]);
    const left = readLeftLog(directory, 'gw_other');
    assert.ok(!left.ok && left.error.includes('own data directory'));
  });

  test('I6 after an error of the disk nothing is acknowledged any more, and the server is told once', async () => {
    const sentences: string[] = [];
    const directory = newDirectory();
    const log = SettlementLog.open({
      directory,
      gatewayId: GATEWAY,
      epoch: 1,
      segmentBytes: SEGMENT_BYTES,
      onBroken: (sentence) => sentences.push(sentence),
      onTrouble: assert.fail,
    });
    await log.append('good');
    closeFileUnder(segmentFiles(directory)[0]?.path ?? '');
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((text) => log.append(text)));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    await assert.rejects(log.append('more'), LogBroken);
    assert.equal(sentences.length, 1);
    assert.match(sentences[0] ?? '', /mend the disk and start again/);
    assert.ok(!log.usable);
    assert.deepEqual(payloadsIn(directory), ['good']);
  });

  test('I6 a full disk: what does not fit is refused, and is not there; later there is room again', async () => {
    const troubles: string[] = [];
    const directory = newDirectory();
    await using log = SettlementLog.open({
      directory,
      gatewayId: GATEWAY,
      epoch: 1,
      segmentBytes: SEGMENT_BYTES,
      onBroken: assert.fail,
      onTrouble: (sentence) => troubles.push(sentence),
    });
    const text = (n: number) => `${n}${'x'.repeat(1_100)}`;
    const kept: string[] = [];
    let wasUsable = true;
    // Where the next segments would be made.
    const blockers = [2, 3, 4, 5, 6, 7].map((n) => join(directory, `spare-${n}.log.half`));
    for (let n = 0; n < 10; n++) {
      if (n === 1) for (const path of blockers) mkdirSync(path);
      if (n === 6) for (const path of blockers) rmSync(path, { recursive: true });
      const outcome = await log.append(text(n)).then(
        () => 'kept',
        (error: unknown) => (error instanceof NoRoom ? 'no room' : assert.fail(String(error))),
      );
      if (outcome === 'kept') kept.push(text(n));
      if (n === 5) wasUsable = log.usable;
    }
    assert.deepEqual(payloadsIn(directory), kept);
    assert.ok(kept.length >= 5 && kept.length < 10, `${kept.length} were kept`);
    assert.match(troubles[0] ?? '', /free some disk space/);
    assert.deepEqual([wasUsable, log.usable], [false, true]);
  });

  test('I6 kill -9 of a process that writes: everything that it acknowledged is there', async () => {
    for (let round = 0; round < 3; round++) {
      const directory = newDirectory();
      const acknowledged = await killedWriter(directory, 80 + 60 * round);
      const left = new Set(payloadsIn(directory));
      for (const one of acknowledged) assert.ok(left.has(one), one);
      assert.ok(acknowledged.length > 0);
    }
  });
});

/** Within what is written: the rest is zeros that mean nothing. */
function flipBit(directory: string, pick: number, bit: number): Disposable {
  const files = segmentFiles(directory);
  const { path } = files[pick % files.length] ?? assert.fail();
  const whole = readFileSync(path);
  const bytes = Buffer.from(whole);
  const at = (bit >> 3) % (bytes.findLastIndex((byte) => byte !== 0) + 1);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
  writeFileSync(path, bytes);
  return { [Symbol.dispose]: () => writeFileSync(path, whole) };
}

function flipOutcome(directory: string, groups: readonly (readonly string[])[]): string {
  const left = readLeftLog(directory, GATEWAY);
  if (!left.ok) {
    assert.match(left.error, /is damaged at record \d+|is of gateway/);
    return 'refused';
  }
  const all = groups.flat();
  const payloads = payloadsIn(directory);
  assert.deepEqual(payloads, all.slice(0, payloads.length));
  assert.ok(payloads.length >= all.length - (groups.at(-1)?.length ?? 0));
  return payloads.length === all.length ? 'harmless' : 'cut';
}

/** As a disk that fails does: the next write to it is an error. */
function closeFileUnder(path: string): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const target = existsSync(`/proc/self/fd/${name}`) ? readlinkSync(`/proc/self/fd/${name}`) : '';
    if (target === path) closeSync(Number(name));
  }
}

async function killedWriter(directory: string, afterMs: number): Promise<readonly string[]> {
  const program = new URL('./writer.fixture.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child.stdout, 'data');
  await new Promise((resume) => setTimeout(resume, afterMs));
  child.kill('SIGKILL');
  await once(child, 'close');
  return output.split('\n').slice(0, -1); // the last line may be half a line
}
