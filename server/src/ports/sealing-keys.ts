// The keys that close what clients keep for us. Every server of an installation has the same, and none of them waits
// for anything to read them.

import type { KeyRing } from '../domain/sealing/sealer.ts';

export interface SealingKeys {
  ring(): KeyRing;
}
