// The books in memory pass the suite that every ledger passes.

import { newId } from '../../lib/ids.ts';
import { assert } from '../../lib/assert.ts';
import { manualCredits } from '../../ports/accounts.contract.ts';
import { describeLedger } from '../../ports/ledger.contract.ts';
import { MemoryAccounts } from './accounts.ts';
import { MemoryLedger } from './ledger.ts';

describeLedger('MemoryLedger', async () => {
  const accounts = new MemoryAccounts(Date.now);
  return {
    ledger: new MemoryLedger(accounts),
    budgets: accounts.budgets,
    async newOrganisation(creditNano) {
      const id = newId('org');
      await accounts.createOrganisation({ id, name: 'Test' });
      if (creditNano > 0n) await accounts.addCredits(manualCredits(id, creditNano));
      return id;
    },
    async balance(organisationId) {
      const balance = await accounts.balance(organisationId);
      assert(balance !== undefined, 'the suite asks for organisations that it made');
      return { balanceNano: balance.balanceNano, heldNano: balance.heldNano };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
});
