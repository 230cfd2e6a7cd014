// A settlement as a record of the log: what was written is what is read, and records of earlier programs can be read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import { testRequestId, testSettlement } from '../../ports/ledger.contract.ts';
import { parseRecord, recordText } from './settle-record.ts';

const hold = { requestId: testRequestId(), organisationId: 'org_1' };

test('what was written is what is read', () => {
  const usage = { ...NO_USAGE, input: 3, audioInput: 5, toolCalls: 1 };
  const meter = {
    engineInput: 8,
    engineOutput: 1,
    pieces: 2,
    bytes: 9,
    doubts: ['short'],
  } as const;
  const more = { usage, meter, tier: 'flex', endUser: 'sha256:"\\' } as const;
  for (const settlement of [testSettlement(hold, 7n), testSettlement(hold, 2n ** 62n, more)]) {
    const record = { settlement, chargedNano: 5n };
    assert.deepEqual(parseRecord(recordText(record)), record);
  }
});

test('I5 a record of before there were tiers, end users and these buckets is of the standard tier and has nothing in them', () => {
  const text = `{"requestId":"${hold.requestId}","organisationId":"org_1","projectId":"proj_test","keyId":"key_test","protocol":"openai-chat","startedAtMs":1795435200000,"model":"model-test","engine":"scripted","usage":{"input":1,"cacheRead":0,"cacheWrite5m":0,"cacheWrite1h":0,"output":1,"reasoning":0},"usageSource":"engine","priceVersion":1,"costNano":"7","outcome":"completed","durationMs":12.5,"chargedNano":"5"}`;
  const startedAtMs = 1_795_435_200_000;
  const settlement = testSettlement(hold, 7n, { startedAtMs });
  assert.deepEqual(parseRecord(text), { settlement, chargedNano: 5n });
});

test('what no program can have written is refused', () => {
  const text = recordText({ settlement: testSettlement(hold, 7n), chargedNano: 7n });
  for (const [good, bad] of [
    ['"input":1', '"input":-1'],
    ['"input":1', '"input":0.5'],
    ['"costNano":"7"', '"costNano":7'],
    ['"chargedNano":"7"', '"chargedNano":"-7"'],
  ] as const) {
    assert.throws(() => parseRecord(text.replace(good, bad)), good);
  }
});
