-- As in 0004, and a lease that its gateway does not know of is found even when there is nothing to add to it.

CREATE OR REPLACE FUNCTION ledger_apply_leased(
  this_gateway text, this_epoch bigint, lease_epoch bigint, from_seq bigint, to_seq bigint,
  changes lease_change[], revenues revenue_change[], overrun_sum bigint, settles settle_record[],
  OUT leased bigint[], OUT available bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  c lease_change;
  r revenue_change;
  position integer := 0;
  free bigint;
  grant_nano bigint;
  target bigint;
  account_id text;
BEGIN
  PERFORM FROM gateway AS g WHERE g.id = this_gateway AND g.epoch = this_epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another process has started as gateway "%"', this_gateway USING ERRCODE = 'TP001';
  END IF;

  IF to_seq > from_seq THEN
    UPDATE settlement_watermark SET applied_seq = to_seq
      WHERE gateway_id = this_gateway AND epoch = lease_epoch AND applied_seq = from_seq;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'the log is not applied up to record %', from_seq USING ERRCODE = 'TP004';
    END IF;
  END IF;

  FOREACH c IN ARRAY changes LOOP
    position := position + 1;
    account_id := 'credits:' || c.organisation_id;
    grant_nano := least(c.need, 0);
    IF c.need > 0 OR c.extra > 0 THEN
      SELECT balance_nano - held_nano - c.charged + c.released INTO free FROM account
        WHERE id = account_id FOR UPDATE;
      IF FOUND THEN
        grant_nano := least(c.need, free);
        grant_nano := grant_nano + greatest(least(c.extra, (free - grant_nano) / 2), 0);
      END IF;
    END IF;
    UPDATE account
      SET balance_nano = balance_nano - c.charged, held_nano = held_nano - c.released + grant_nano
      WHERE id = account_id
      RETURNING balance_nano - held_nano INTO free;
    IF NOT FOUND THEN
      IF c.charged <> 0 OR c.released <> 0 THEN
        RAISE EXCEPTION 'there is no account "%"', account_id USING ERRCODE = 'TP003';
      END IF;
      leased[position] := NULL;
      available[position] := NULL;
      CONTINUE;
    END IF;

    target := c.had - c.released + grant_nano;
    IF target < 0 THEN
      RAISE EXCEPTION 'a lease is not as its gateway remembers it' USING ERRCODE = 'TP002';
    END IF;
    IF c.had = 0 THEN
      IF target > 0 THEN
        INSERT INTO lease (gateway_id, epoch, organisation_id, amount_nano)
          VALUES (this_gateway, lease_epoch, c.organisation_id, target);
      ELSE
        -- A batch that its gateway had given up may have been committed since: then its credit is not free, it is in a
        -- lease that the gateway does not know of, and must read before it refuses anybody.
        PERFORM FROM lease
          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND organisation_id = c.organisation_id;
        IF FOUND THEN
          RAISE EXCEPTION 'a lease is not as its gateway remembers it' USING ERRCODE = 'TP002';
        END IF;
      END IF;
    ELSE
      IF target = 0 THEN
        DELETE FROM lease
          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND organisation_id = c.organisation_id
            AND amount_nano = c.had;
      ELSE
        UPDATE lease SET amount_nano = target
          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND organisation_id = c.organisation_id
            AND amount_nano = c.had;
      END IF;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a lease is not as its gateway remembers it' USING ERRCODE = 'TP002';
      END IF;
    END IF;
    leased[position] := target;
    available[position] := free;
  END LOOP;

  IF settles = '{}' THEN
    RETURN;
  END IF;
  IF overrun_sum > 0 THEN
    UPDATE account SET balance_nano = balance_nano - overrun_sum WHERE id = 'overrun_loss';
    INSERT INTO transfer (id, debit, credit, amount_nano, kind)
      SELECT 'overrun:req_' || encode(uuid_send(request_id), 'hex'), 'overrun_loss', 'revenue:' || model,
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
    SELECT 'settle:req_' || encode(uuid_send(request_id), 'hex'), 'credits:' || organisation_id, 'revenue:' || model,
        charged, 'settle'
      FROM unnest(settles) WHERE charged > 0;
  INSERT INTO usage (
      request_id, organisation_id, project_id, key_id, model, engine, protocol, usage_source, outcome, price_version,
      input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
      cost_nano, charged_nano, overrun_nano, started_at, first_token_after_ms, duration_ms)
    SELECT
      request_id, organisation_id, project_id, key_id, model, engine, protocol, usage_source, outcome, price_version,
      input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
      cost, charged, overrun, to_timestamp(started_at_ms / 1000), first_token_after_ms, duration_ms
    FROM unnest(settles);
END $$;
