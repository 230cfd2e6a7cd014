-- What every settle leaves behind, however its customer's account was charged: the house's side of its transfers, the
-- transfers, and its usage row. Within the transaction of its caller, which has locked the customers' accounts; the
-- house's come after them: overrun_loss, revenue:…
CREATE FUNCTION ledger_record(revenues revenue_change[], overrun_sum bigint, settles settle_record[])
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  r revenue_change;
BEGIN
  IF overrun_sum > 0 THEN
    UPDATE account SET balance_nano = balance_nano - overrun_sum WHERE id = 'overrun_loss';
    INSERT INTO transfer (id, debit, credit, amount_nano, kind)
      SELECT 'overrun:req_' || encode(uuid_send(request_id), 'hex'), 'overrun_loss', 'revenue:' || model || ':' || tier,
          overrun, 'overrun'
        FROM unnest(settles) WHERE overrun > 0;
  END IF;
  FOREACH r IN ARRAY revenues LOOP
    UPDATE account SET balance_nano = balance_nano + r.amount WHERE id = r.id;
    IF NOT FOUND THEN
      INSERT INTO account (id, kind, balance_nano) VALUES (r.id, 'revenue', r.amount)
        ON CONFLICT (id) DO UPDATE SET balance_nano = account.balance_nano + excluded.balance_nano;
    END IF;
  END LOOP;
  INSERT INTO transfer (id, debit, credit, amount_nano, kind)
    SELECT 'settle:req_' || encode(uuid_send(request_id), 'hex'), 'credits:' || organisation_id, 'revenue:' || model || ':' || tier,
        charged, 'settle'
      FROM unnest(settles) WHERE charged > 0;
  INSERT INTO usage (
      request_id, organisation_id, project_id, key_id, model, engine, protocol, usage_source, outcome, price_version,
      input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
      tier, end_user, image_input, audio_input, image_output, audio_output, tool_calls,
      cost_nano, charged_nano, overrun_nano, started_at, first_token_after_ms, duration_ms, budgets,
      engine_input, engine_output, gateway_pieces, gateway_bytes, doubts)
    SELECT
      request_id, organisation_id, project_id, key_id, model, engine, protocol, usage_source, outcome, price_version,
      input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
      tier, end_user, image_input, audio_input, image_output, audio_output, tool_calls,
      cost, charged, overrun, to_timestamp(started_at_ms / 1000), first_token_after_ms, duration_ms,
      string_to_array(budgets, ' '), engine_input, engine_output, gateway_pieces, gateway_bytes, doubts
    FROM unnest(settles);
END $$;
