// Sealing keys for one process: made when it starts, and gone with it.

import { randomBytes } from 'node:crypto';
import { SEALING_SECRET_BYTES, type KeyRing } from '../../domain/sealing/sealer.ts';
import type { SealingKeys } from '../../ports/sealing-keys.ts';

export class MemorySealingKeys implements SealingKeys {
  readonly #ring: KeyRing;

  constructor() {
    const current = { id: 'memory', secret: randomBytes(SEALING_SECRET_BYTES) };
    this.#ring = { current, keys: new Map([[current.id, current]]) };
  }

  ring(): KeyRing {
    return this.#ring;
  }
}
