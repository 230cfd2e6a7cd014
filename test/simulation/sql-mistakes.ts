// Mistakes planted in the functions in PostgreSQL, one at a time: the comparison with the model must find each of them, or it
// proves nothing about the SQL.

import type { SqlMistake } from '../../server/src/store/postgres/planted.fixture.ts';

const APPLY = { file: '4-apply-leased.sql', function: 'ledger_apply_leased' };
const OPEN = { file: '9-budgets.sql', function: 'budget_open' };
const SET = { file: '9-budgets.sql', function: 'budget_set' };

export const SQL_MISTAKES: readonly SqlMistake[] = [
  {
    ...APPLY,
    name: 'lets an old epoch write',
    find: 'AND g.epoch = this_epoch',
    replace: '',
  },
  {
    ...APPLY,
    name: 'skips the watermark',
    find: 'AND applied_seq = from_seq',
    replace: '',
  },
  {
    ...APPLY,
    name: 'grants a wish what its first account has',
    find: 'IF pool[wish_accounts[i]] < pool[tight] THEN',
    replace: 'IF false THEN',
  },
  {
    ...APPLY,
    name: 'takes a wish from its first account alone',
    find: 'taken[wish_accounts[i]] := taken[wish_accounts[i]] + granted[wish_at];',
    replace:
      'taken[wish_accounts[i]] := taken[wish_accounts[i]] + CASE i WHEN w.first THEN granted[wish_at] ELSE 0 END;',
  },
  {
    ...APPLY,
    name: 'checks the limit before it counts what is charged',
    find: 'SELECT balance_nano - held_nano - c.charged + c.released + c.spare, recall_no INTO free, newest',
    replace: 'SELECT balance_nano - held_nano + c.released + c.spare, recall_no INTO free, newest',
  },
  {
    ...APPLY,
    name: 'does not charge budgets',
    find: 'SET balance_nano = balance_nano - c.charged, held_nano',
    replace:
      "SET balance_nano = balance_nano - CASE left(c.account_id, 7) WHEN 'budget:' THEN 0 ELSE c.charged END, held_nano",
  },
  {
    ...APPLY,
    name: 'keeps something to spare while others lack it',
    find: 'IF FOUND AND NOT is_scarce THEN',
    replace: 'IF FOUND THEN',
  },
  {
    ...APPLY,
    name: 'keeps what was given back',
    find: 'more := CASE WHEN c.back THEN used - c.spare ELSE over END;',
    replace: 'more := over;',
  },
  {
    ...APPLY,
    name: 'believes what a gateway remembers of its lease',
    find: 'UPDATE lease SET amount_nano = target, recall_no = greatest(recall_no, c.recall_no)\n          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND account_id = c.account_id\n            AND amount_nano = c.had;',
    replace:
      'UPDATE lease SET amount_nano = target, recall_no = greatest(recall_no, c.recall_no)\n          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND account_id = c.account_id;',
  },
  {
    ...APPLY,
    name: 'refuses before others have answered',
    find: 'CONTINUE WHEN unanswered[tight] >= need;',
    replace: 'CONTINUE;',
  },
  {
    ...OPEN,
    name: 'opens windows without their limit',
    find: 'limit_of := coalesce(limit_of, 4000000000000000000);',
    replace: 'limit_of := 4000000000000000000;',
  },
  {
    ...SET,
    name: 'forgets what was spent when a limit is changed',
    find: 'balance_nano = balance_nano + coalesce(new_limit, 4000000000000000000)',
    replace: 'balance_nano = 0 * balance_nano + coalesce(new_limit, 4000000000000000000)',
  },
  {
    ...SET,
    name: 'changes a limit without a recall',
    find: 'recall_no = recall_no + 1, recalled_at = clock_timestamp()',
    replace: 'recall_no = recall_no',
  },
];
