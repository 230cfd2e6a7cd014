// A stream's events as frames: each once, in order, and one end only.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { responsesFrames } from './socket-frames.ts';

const event = (type: string, number: number): string =>
  `event: ${type}\ndata: {"type":"${type}","sequence_number":${number},"x":1}\n\n`;

describe('the frames of a stream', () => {
  it('are its events, without what is none', () => {
    const text = `${event('response.created', 0)}: ping\n\n${event('response.completed', 1)}data: [DONE]\n\n`;
    assert.deepEqual(responsesFrames.events(text), [
      '{"type":"response.created","sequence_number":0,"x":1}',
      '{"type":"response.completed","sequence_number":1,"x":1}',
    ]);
  });

  it('end once where the stream broke, numbered without a gap', () => {
    const text = `${event('error', 7)}${event('response.failed', 8)}data: [DONE]\n\n`;
    assert.deepEqual(responsesFrames.events(text), [
      '{"type":"response.failed","sequence_number":7,"x":1}',
    ]);
  });
});
