// The suite that freezes of every store of customers pass.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { nano } from '../domain/money/nano.ts';
import { newId } from '../lib/ids.ts';
import { type AccountsUnderTest, manualCredits, newCustomer } from './accounts.contract.ts';

export function describeFreezes(name: string, setUp: () => Promise<AccountsUnderTest>): void {
  describe(`${name} keeps the contract of freezes`, () => {
    let under: AccountsUnderTest;
    before(async () => {
      under = await setUp();
    });
    after(() => under[Symbol.asyncDispose]());
    const store = () => under;
    test('I18 a freeze is in the snapshot at once, once for each subject, and a thaw ends it', async () => {
      const { accounts } = store();
      const { organisation, project, hash, key } = await newCustomer(accounts);
      const { freezes } = accounts;
      const caller = () => {
        const { keys, freezes: inForce } = accounts.snapshot();
        const entry = keys.get(hash);
        return entry && inForce?.of(entry);
      };
      const why = { organisationId: organisation.id, reason: 'why', by: 'ada', endsRunning: false };
      const of = { scope: 'key', subject: key.id } as const;
      assert.equal(caller(), undefined);
      const first = await freezes.freeze({ id: newId('frz'), ...why, ...of });
      assert.deepEqual([caller()?.scope, caller()?.endsRunning], ['key', false]);
      const again = { id: newId('frz'), ...why, ...of, by: 'bob', endsRunning: true };
      assert.deepEqual(await freezes.freeze(again), { ...first, endsRunning: true });
      assert.equal(caller()?.endsRunning, true);
      const wider = { scope: 'project', subject: project.id } as const;
      await freezes.freeze({ id: newId('frz'), ...why, ...wider });
      assert.equal(caller()?.scope, 'project');
      const thaw = { id: first.id, by: 'eve', reason: 'why not' };
      const thawed = await freezes.thaw(thaw);
      assert.deepEqual([thawed?.thawed?.by, thawed?.thawed?.reason], ['eve', 'why not']);
      assert.deepEqual(await freezes.thaw({ ...thaw, by: 'bob' }), thawed);
      assert.equal(await freezes.thaw({ ...thaw, id: 'frz_none' }), undefined);
      assert.equal(caller()?.scope, 'project');
      const list = await freezes.list(organisation.id);
      assert.deepEqual(
        new Set(list.map(({ scope, thawed: over }) => `${scope} ${over !== undefined}`)),
        new Set(['project false', 'key true']),
      );
      // Frozen once more, it is another one.
      const later = await freezes.freeze({ id: newId('frz'), ...why, ...of });
      assert.notEqual(later.id, first.id);
    });

    test('I18 a chargeback freezes an organisation where its policy says so, debt or none', async () => {
      const { accounts } = store();
      const { organisation } = await newCustomer(accounts);
      const { freezes } = accounts;
      const paid = manualCredits(organisation.id, 100n);
      await accounts.addCredits(paid);
      const back = { blockId: paid.id, amountNano: nano(10n) };
      assert.equal(await freezes.policy(organisation.id), 'debt');
      await accounts.reverseCredits({ ...back, id: newId('rev'), reason: 'chargeback' });
      await freezes.setPolicy(organisation.id, 'chargeback');
      await accounts.reverseCredits({ ...back, id: newId('rev'), reason: 'refund' });
      assert.deepEqual(await freezes.list(organisation.id), []);
      const id = newId('rev');
      await accounts.reverseCredits({ ...back, id, reason: 'chargeback' });
      const [frozen] = await freezes.list(organisation.id);
      assert.deepEqual([frozen?.id, frozen?.by], [`chargeback/${id}`, 'policy']);
      await freezes.thaw({ id: `chargeback/${id}`, by: 'ada', reason: 'won' });
      await accounts.reverseCredits({ ...back, id, reason: 'chargeback' });
      const inForce = (await freezes.list(organisation.id)).filter(
        ({ thawed }) => thawed === undefined,
      );
      assert.deepEqual(inForce, [], 'the same chargeback told again freezes nobody');
    });
  });
}
