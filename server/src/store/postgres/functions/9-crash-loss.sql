-- What a crashed gateway's requests had produced, and nobody settled: a cost of the house, once for each of them. `accounts`
-- are those of their revenue. The next start of that gateway books it when all that was settled is in the books.
CREATE FUNCTION ledger_crash_loss(request_ids uuid[], accounts text[], amounts bigint[], OUT requests bigint, OUT lost bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  r record;
BEGIN
  requests := 0;
  lost := 0;
  PERFORM FROM account WHERE id = 'crash_loss' FOR UPDATE; -- One at a time, and before all revenue.
  FOR r IN
    SELECT 'crash:req_' || encode(uuid_send(u.request_id), 'hex') AS id, u.account_id, u.amount
      FROM unnest(request_ids, accounts, amounts) AS u (request_id, account_id, amount)
      WHERE u.amount > 0 AND NOT EXISTS (SELECT FROM usage WHERE usage.request_id = u.request_id)
      ORDER BY u.account_id COLLATE "C", u.request_id
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM transfer WHERE transfer.id = r.id);
    INSERT INTO account (id, kind) VALUES (r.account_id, 'revenue') ON CONFLICT (id) DO NOTHING;
    PERFORM ledger_move(r.id, 'crash_loss', r.account_id, r.amount, 'crash', clock_timestamp());
    requests := requests + 1;
    lost := lost + r.amount;
  END LOOP;
END $$;
