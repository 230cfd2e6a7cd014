// HTTP messages are told apart however their bytes arrive.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpReader, statusOf } from './http-reader.ts';

class Recorder {
  readonly messages: string[] = [];
  #head = '';
  #body = '';
  onHead(head: string): void {
    this.#head = head;
    this.#body = '';
  }
  onBody(bytes: Buffer): void {
    this.#body += bytes.toString();
  }
  onEnd(): void {
    this.messages.push(`${this.#head.split('\r\n')[0]}|${this.#body}`);
  }
}

const CONVERSATION =
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\ntrailer: 1\r\n\r\n' +
  'HTTP/1.1 204 No Content\r\n\r\n' +
  'POST /v1 HTTP/1.1\r\ncontent-length: 2\r\n\r\nok';
const MESSAGES = [
  'HTTP/1.1 200 OK|hello',
  'HTTP/1.1 200 OK|abc0123456789',
  'HTTP/1.1 204 No Content|',
  'POST /v1 HTTP/1.1|ok',
];

describe('HttpReader', () => {
  it('reads the same messages however the bytes are cut', () => {
    for (let size = 1; size <= CONVERSATION.length; size += 1) {
      const recorder = new Recorder();
      const reader = new HttpReader(recorder);
      // One reused buffer, as the load generator reads: what the reader keeps of it must be a copy.
      const shared = Buffer.alloc(size);
      for (let at = 0; at < CONVERSATION.length; at += size) {
        const length = shared.write(CONVERSATION.slice(at, at + size), 'latin1');
        reader.push(shared.subarray(0, length));
      }
      assert.deepEqual(recorder.messages, MESSAGES, `in pieces of ${size}`);
    }
  });

  it('refuses an endless head and a chunk size that is no number', () => {
    const endless = new HttpReader(new Recorder());
    assert.throws(() => endless.push(Buffer.alloc(70_000, 'a')), /larger than 64 KiB/);
    const broken = new HttpReader(new Recorder());
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    assert.throws(() => broken.push(Buffer.from(`${head}zz\r\n`)), /not a hexadecimal/);
  });

  it('reads the status', () => {
    assert.equal(statusOf('HTTP/1.1 503 Service Unavailable\r\n'), 503);
    assert.equal(statusOf('nonsense'), 0);
  });
});
