// The accounts in memory pass the suite that every store of customers passes.

import { describeAccounts } from '../../ports/accounts.contract.ts';
import { MemoryAccounts } from './accounts.ts';
import { MemoryLedger } from './ledger.ts';

describeAccounts('MemoryAccounts', async () => {
  const accounts = new MemoryAccounts(Date.now);
  const ledger = new MemoryLedger(accounts);
  return { accounts, ledger, [Symbol.asyncDispose]: () => Promise.resolve() };
});
