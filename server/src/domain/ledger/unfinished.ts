// What a running request has produced so far, and what that comes to: noted from time to time, so that after a crash it is known
// what the house gave away.

import type { Nano } from '../money/nano.ts';
import type { Settlement } from './settlement.ts';

export type Unfinished = Pick<
  Settlement,
  'requestId' | 'organisationId' | 'keyId' | 'model' | 'tier'
> & {
  readonly costNano: Nano;
};
