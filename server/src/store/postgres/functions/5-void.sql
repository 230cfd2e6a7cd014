-- Ends holds without a charge. Ids that have no hold (any more) are passed over; returns how many were ended.
CREATE FUNCTION ledger_void(request_ids uuid[]) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  a record;
  voided bigint := 0;
BEGIN
  FOR a IN
    WITH gone AS (DELETE FROM hold WHERE request_id = ANY (request_ids)
      RETURNING organisation_id, amount_nano, budgets)
    SELECT account_id, sum(amount_nano)::bigint AS amount,
        count(*) FILTER (WHERE account_id = 'credits:' || organisation_id) AS holds
      FROM gone CROSS JOIN LATERAL unnest('credits:' || organisation_id || coalesce(budgets, '{}')) AS account_id
      GROUP BY account_id ORDER BY account_id COLLATE "C"
  LOOP
    UPDATE account SET held_nano = held_nano - a.amount WHERE id = a.account_id;
    voided := voided + a.holds;
  END LOOP;
  RETURN voided;
END $$;

-- Ends one lease and gives its credit back; 1 if there was one. The account first, as everywhere.
CREATE FUNCTION ledger_void_lease(of_gateway text, of_epoch bigint, of_account text)
RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  amount bigint;
BEGIN
  PERFORM FROM account WHERE id = of_account FOR UPDATE;
  DELETE FROM lease
    WHERE gateway_id = of_gateway AND epoch = of_epoch AND account_id = of_account
    RETURNING amount_nano INTO amount;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  UPDATE account SET held_nano = held_nano - amount WHERE id = of_account;
  RETURN 1;
END $$;
