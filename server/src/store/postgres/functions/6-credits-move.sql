-- One transfer and both balances. Whoever moves more than once locks the accounts before: the customer's credits first,
-- then the others in the order of their ids.
CREATE FUNCTION ledger_move(move_id text, from_account text, to_account text, amount bigint, move_kind text, at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  leg record;
BEGIN
  INSERT INTO transfer (id, debit, credit, amount_nano, kind, created_at)
    VALUES (move_id, from_account, to_account, amount, move_kind, at);
  FOR leg IN
    SELECT * FROM (VALUES (from_account, -amount), (to_account, amount)) AS v (account_id, change)
      ORDER BY account_id COLLATE "C"
  LOOP
    UPDATE account SET balance_nano = balance_nano + leg.change WHERE id = leg.account_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'there is no account "%"', leg.account_id USING ERRCODE = 'TP003';
    END IF;
  END LOOP;
END $$;

-- A part of a block goes elsewhere: `<kind>:<block>:<how often before>`.
CREATE FUNCTION ledger_leave(of_block text, move_kind text, from_account text, to_account text, amount bigint, at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before bigint;
  name text;
BEGIN
  SELECT count(*) INTO before FROM credit_movement WHERE block_id = of_block;
  name := move_kind || ':' || of_block || ':' || before;
  PERFORM ledger_move(name, from_account, to_account, amount, move_kind, at);
  INSERT INTO credit_movement (id, block_id, kind, amount_nano, created_at)
    VALUES (name, of_block, move_kind, amount, at);
  UPDATE credit_block SET remaining_nano = remaining_nano - amount WHERE id = of_block;
END $$;
