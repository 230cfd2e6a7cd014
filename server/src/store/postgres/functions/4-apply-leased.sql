-- One batch of records and lease changes of one gateway in one transaction. `changes` and `revenues` come in the order of
-- ids, and accounts are locked in that order, each before its lease: credits:…, overrun_loss, revenue:…
-- Returns what each lease stands at and the free credit beside it; both null where there is no such customer.
CREATE FUNCTION ledger_apply_leased(
  this_gateway text, this_epoch bigint, lease_epoch bigint, from_seq bigint, to_seq bigint,
  changes lease_change[], revenues revenue_change[], overrun_sum bigint, settles settle_record[],
  OUT leased bigint[], OUT available bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  c lease_change;
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

  IF settles <> '{}' THEN
    PERFORM ledger_record(revenues, overrun_sum, settles);
  END IF;
END $$;
