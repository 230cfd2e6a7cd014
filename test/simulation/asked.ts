// One request: who asked for what, what its gateway knew, and what the ledger has promised it so far.

import type { ClientModel, Order } from './client-model.ts';
import type { Pin } from './expected.ts';
import type { Machine, Running } from './machine.ts';
import type { Caller } from './office.ts';

export type Asked = {
  readonly requestId: string;
  readonly organisationId: string;
  readonly caller: Caller;
  readonly order: Order;
  readonly machine: Machine;
  readonly running: Running;
  readonly client: ClientModel;
  /** From the moment when its gateway takes it: what it is to cost, and what must cover it. */
  admittedMs: number | undefined;
  pin: Pin | 'no consent' | undefined;
  accounts: readonly string[];
  /** While a hold or an extension waits: what it needs at least, and the least that was free at any moment since. */
  leastNano: bigint | undefined;
  freeMin: bigint;
  /** What the ledger has granted it for certain, and perhaps. */
  grantedNano: bigint;
  perhapsNano: bigint;
  /** What is to be paid once it is recorded; undefined while it runs. */
  owedNano: bigint | undefined;
  judged: boolean;
};
