-- The only writers of holds, usage and settle transfers.
--
-- A batch comes as a few arrays of composite rows, each one text parameter. To read 32 settles of 23 fields took, in
-- PostgreSQL's CPU time: 115 µs as composite rows, 270 µs as an array per column, 290 µs with json_to_recordset(), 420 µs
-- with jsonb_to_recordset(). All of a batch of 32 holds and 32 settles: 27 µs a request with composite rows, 35 with an
-- array per column, 42 with that and the sums of each account computed in here instead of by the caller.

-- What a batch changes in one customer's account: what its settles take and give back, what its new holds want.
CREATE TYPE account_change AS (id text, charged bigint, released bigint, want bigint);

CREATE TYPE revenue_change AS (id text, amount bigint);

-- `account` is the position in the batch's account changes. `had` is -1 for a new hold, else the amount that the hold
-- to extend stands at.
CREATE TYPE hold_record AS (
  request_id uuid, want bigint, least bigint, had bigint, account integer, organisation_id text);

-- `held` is what the hold must stand at, -1 if it has vanished. Read most first: the first columns are the cheapest.
CREATE TYPE settle_record AS (
  request_id uuid, held bigint, charged bigint, overrun bigint, organisation_id text, model text,
  cost bigint, project_id text, key_id text, engine text, protocol text, usage_source text, outcome text,
  price_version integer, input bigint, cache_read bigint, cache_write_5m bigint, cache_write_1h bigint,
  output bigint, reasoning bigint,
  started_at_ms double precision, first_token_after_ms integer, duration_ms integer);

-- One batch of one gateway in one transaction: settles first (they free credit), then new holds and extensions.
-- `accounts` and `revenues` come in the order of ids, and accounts are locked in that order: credits:…, overrun_loss,
-- revenue:… The caller adds up the sums in them: two more aggregates in here would cost 50 µs a batch.
--
-- Returns the free credit per account after the batch and, only if some hold got less than it wanted, what each was
-- granted, -1 where refused.
CREATE FUNCTION ledger_apply(
  gateway_id text, gateway_epoch bigint,
  accounts account_change[], revenues revenue_change[], overrun_sum bigint,
  settles settle_record[], open_holds integer,
  holds hold_record[], extensions integer,
  OUT available bigint[], OUT granted bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  a account_change;
  r revenue_change;
  h record;
  position integer := 0;
  free bigint;
  taken bigint;
  gone bigint;
  setting text;
BEGIN
  PERFORM FROM gateway AS g WHERE g.id = gateway_id AND g.epoch = gateway_epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another process has started as gateway "%"', gateway_id USING ERRCODE = 'TP001';
  END IF;

  IF settles = '{}' THEN
    -- Nothing is paid in this batch. Should PostgreSQL crash within the next fraction of a second, its holds vanish:
    -- their settles are then charged from free credit as far as it goes, so no customer can be overdrawn and nothing
    -- that a client was told is lost. A settle waits for its commit record, which is behind that of its hold.
    setting := set_config('synchronous_commit', 'off', true);
  ELSE
    DELETE FROM hold USING unnest(settles) AS s
      WHERE hold.request_id = s.request_id AND hold.amount_nano = s.held;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone <> open_holds THEN
      RAISE EXCEPTION 'a hold is not as its gateway remembers it' USING ERRCODE = 'TP002';
    END IF;
  END IF;

  FOREACH a IN ARRAY accounts LOOP
    position := position + 1;
    UPDATE account
      SET balance_nano = balance_nano - a.charged, held_nano = held_nano - a.released + a.want
      WHERE id = a.id AND balance_nano - held_nano - a.charged + a.released >= a.want
      RETURNING balance_nano - held_nano INTO free;
    IF NOT FOUND THEN
      UPDATE account
        SET balance_nano = balance_nano - a.charged, held_nano = held_nano - a.released
        WHERE id = a.id
        RETURNING balance_nano - held_nano INTO free;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no account "%"', a.id USING ERRCODE = 'TP003';
      END IF;
      -- Not enough for all of its holds: one after the other, in the order in which they came.
      IF granted IS NULL THEN
        SELECT array_agg(want ORDER BY ord) INTO granted FROM unnest(holds) WITH ORDINALITY AS w (request_id, want, least, had, account, organisation_id, ord);
      END IF;
      taken := 0;
      FOR h IN
        SELECT ord, want, least
          FROM unnest(holds) WITH ORDINALITY AS w (request_id, want, least, had, account, organisation_id, ord)
          WHERE account = position ORDER BY ord
      LOOP
        IF h.least > free THEN
          granted[h.ord] := -1;
        ELSE
          granted[h.ord] := least(h.want, free);
          free := free - granted[h.ord];
          taken := taken + granted[h.ord];
        END IF;
      END LOOP;
      UPDATE account SET held_nano = held_nano + taken WHERE id = a.id;
    END IF;
    available[position] := free;
  END LOOP;

  IF settles <> '{}' THEN
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
  END IF;

  IF granted IS NULL AND extensions = 0 THEN
    IF holds <> '{}' THEN
      INSERT INTO hold (request_id, organisation_id, amount_nano, gateway_id, epoch)
        SELECT request_id, organisation_id, want, gateway_id, gateway_epoch FROM unnest(holds);
    END IF;
    RETURN;
  END IF;
  FOR h IN
    SELECT request_id, organisation_id, had, coalesce(granted[ord], want) AS amount
      FROM unnest(holds) WITH ORDINALITY AS w (request_id, want, least, had, account, organisation_id, ord)
  LOOP
    CONTINUE WHEN h.amount < 0;
    IF h.had < 0 THEN
      INSERT INTO hold (request_id, organisation_id, amount_nano, gateway_id, epoch)
        VALUES (h.request_id, h.organisation_id, h.amount, gateway_id, gateway_epoch);
    ELSE
      UPDATE hold SET amount_nano = h.had + h.amount WHERE request_id = h.request_id AND amount_nano = h.had;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a hold is not as its gateway remembers it' USING ERRCODE = 'TP002';
      END IF;
    END IF;
  END LOOP;
END $$;

-- Ends holds without a charge. Ids that have no hold (any more) are passed over; returns how many were ended.
CREATE FUNCTION ledger_void(request_ids uuid[]) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  a record;
  voided bigint := 0;
BEGIN
  FOR a IN
    WITH gone AS (DELETE FROM hold WHERE request_id = ANY (request_ids) RETURNING organisation_id, amount_nano)
    SELECT organisation_id AS org, sum(amount_nano)::bigint AS amount, count(*) AS holds
      FROM gone GROUP BY organisation_id ORDER BY organisation_id
  LOOP
    UPDATE account SET held_nano = held_nano - a.amount WHERE id = 'credits:' || a.org;
    voided := voided + a.holds;
  END LOOP;
  RETURN voided;
END $$;
