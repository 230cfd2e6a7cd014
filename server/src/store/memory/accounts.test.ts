// The accounts in memory pass the suite that every store of customers passes.

import { describeAccounts } from '../../ports/accounts.contract.ts';
import { describeFreezes } from '../../ports/freezes.contract.ts';
import { MemoryAccounts } from './accounts.ts';
import { MemoryLedger } from './ledger.ts';

const setUp = async () => {
  const accounts = new MemoryAccounts(Date.now);
  const ledger = new MemoryLedger(accounts);
  return { accounts, ledger, [Symbol.asyncDispose]: () => Promise.resolve() };
};

describeAccounts('MemoryAccounts', setUp);
describeFreezes('MemoryAccounts', setUp);
