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
    PERFORM ledger_record(revenues, overrun_sum, settles);
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
