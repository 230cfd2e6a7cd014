// The signature of a thinking block: a digest of what was shown. Clients require one and send it back with the block.
// It says which thinking a block was, nothing about who made it, and nothing here trusts it: a block that comes back is
// read as text of the client's, whoever signed it, so that a conversation begun elsewhere goes on here.

import { createHash, type Hash } from 'node:crypto';

const VERSION = 'tp1';

export class ThinkingSignature {
  readonly #hash: Hash = createHash('sha256').update(`${VERSION}\n`);

  add(text: string): void {
    this.#hash.update(text);
  }

  /** Once, at the end of the block. */
  take(): string {
    return `${VERSION}.${this.#hash.digest('base64url')}`;
  }
}
