// Token events are read as they come: how many, when they were stamped, and how a stream ends.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monotonicUs, readFrame, tokenText } from './token-frame.ts';

const frame = (content: string, rest = ''): string =>
  `data: {"choices":[{"index":0,"delta":{"content":"${content}"}${rest}}]}`;

describe('readFrame', () => {
  it("counts the tokens of an event and reads the last one's stamp", () => {
    assert.deepEqual(readFrame(frame(tokenText(12345))), {
      tokens: 1,
      stampUs: 12345,
      done: false,
      finished: false,
      error: false,
    });
    const merged = readFrame(
      frame(tokenText(1) + tokenText(2) + tokenText(3), `,"finish_reason":"stop"`),
    );
    assert.equal(merged.tokens, 3);
    assert.equal(merged.stampUs, 3);
    assert.equal(merged.finished, true);
  });

  it('knows the other events', () => {
    assert.equal(readFrame('data: [DONE]').done, true);
    assert.equal(
      readFrame(`data: {"choices":[{"delta":{},"finish_reason":"stop"}]}`).finished,
      true,
    );
    assert.equal(
      readFrame(`data: {"choices":[{"delta":{"content":""},"finish_reason":null}]}`).finished,
      false,
    );
    assert.equal(readFrame(`data: {"error":{"message":"broken"}}`).error, true);
    assert.equal(readFrame(`: ping`).tokens, 0);
  });

  it('stamps fit their width for as long as a machine runs', () => {
    assert.equal(tokenText(monotonicUs()).length, 14);
  });
});
