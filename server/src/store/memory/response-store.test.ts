// The store of answers in memory passes the suite that every such store passes.

import { describeResponseStore } from '../../ports/response-store.contract.ts';
import { MemoryResponseStore } from './response-store.ts';

const BYTES_PROJECT_MAX = 100_000;

describeResponseStore('MemoryResponseStore', async () => ({
  store: new MemoryResponseStore(Date.now, BYTES_PROJECT_MAX),
  bytesProjectMax: BYTES_PROJECT_MAX,
  [Symbol.asyncDispose]: () => Promise.resolve(),
}));
