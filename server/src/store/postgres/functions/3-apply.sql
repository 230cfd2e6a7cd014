-- One batch of one gateway in one transaction: settles first (they free credit), then new holds and extensions.
-- `accounts` and `revenues` come in the order of ids, and accounts are locked in that order: credits:…, overrun_loss,
-- revenue:… The caller adds up the sums in them: two more aggregates in here would cost 50 µs a batch.
--
-- Returns the free credit per account after the batch and, only if some hold got less than it wanted, what each was
-- granted, -1 where refused, and the position of the account that lacked.
CREATE FUNCTION ledger_apply(
  gateway_id text, gateway_epoch bigint,
  accounts account_change[], revenues revenue_change[], overrun_sum bigint,
  settles settle_record[], open_holds integer,
  holds hold_record[], hold_accounts integer[], extensions integer,
  OUT available bigint[], OUT granted bigint[], OUT lacked integer[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  a account_change;
  h record;
  position integer := 0;
  free bigint;
  is_short boolean := false;
  amount bigint;
  -- By position: what its holds have set aside already, and what they get.
  wanted bigint[];
  taken bigint[];
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
    EXIT WHEN left(a.id, 7) <> 'budget:'; -- their ids come before all others
    PERFORM budget_open(a.id);
  END LOOP;

  IF holds <> '{}' THEN
    PERFORM ledger_end_due(ARRAY(SELECT u.id FROM unnest(accounts) AS u));
  END IF;

  FOREACH a IN ARRAY accounts LOOP
    position := position + 1;
    UPDATE account
      SET balance_nano = balance_nano - a.charged, held_nano = held_nano - a.released + a.want
      WHERE id = a.id AND balance_nano - held_nano - a.charged + a.released >= a.want
      RETURNING balance_nano - held_nano INTO free;
    wanted[position] := a.want;
    IF NOT FOUND THEN
      UPDATE account
        SET balance_nano = balance_nano - a.charged, held_nano = held_nano - a.released
        WHERE id = a.id
        RETURNING balance_nano - held_nano INTO free;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no account "%"', a.id USING ERRCODE = 'TP003';
      END IF;
      wanted[position] := 0;
      is_short := true;
    END IF;
    IF a.charged > 0 AND left(a.id, 7) = 'budget:' THEN
      PERFORM budget_note(a.id);
    END IF;
    available[position] := free;
  END LOOP;

  IF is_short THEN
    -- Not enough for all of the holds: one after the other, in the order in which they came, each from all of its accounts
    -- or from none.
    granted := array_fill(0, ARRAY[cardinality(holds)]);
    lacked := array_fill(0, ARRAY[cardinality(holds)]);
    FOR position IN 1 .. cardinality(accounts) LOOP
      available[position] := available[position] + wanted[position];
      taken[position] := 0;
    END LOOP;
    FOR h IN
      SELECT ord, want, least, first, last
        FROM unnest(holds) WITH ORDINALITY AS w (request_id, want, least, had, first, last, organisation_id, budgets, ord)
        ORDER BY ord
    LOOP
      amount := h.want;
      FOR i IN h.first .. h.last LOOP
        IF available[hold_accounts[i]] < amount THEN
          amount := available[hold_accounts[i]];
          lacked[h.ord] := hold_accounts[i];
        END IF;
      END LOOP;
      IF amount < h.least THEN
        granted[h.ord] := -1;
        CONTINUE;
      END IF;
      granted[h.ord] := amount;
      FOR i IN h.first .. h.last LOOP
        available[hold_accounts[i]] := available[hold_accounts[i]] - amount;
        taken[hold_accounts[i]] := taken[hold_accounts[i]] + amount;
      END LOOP;
    END LOOP;
    position := 0;
    FOREACH a IN ARRAY accounts LOOP
      position := position + 1;
      IF taken[position] <> wanted[position] THEN
        UPDATE account SET held_nano = held_nano - wanted[position] + taken[position] WHERE id = a.id;
      END IF;
    END LOOP;
  END IF;

  IF settles <> '{}' THEN
    PERFORM ledger_record(revenues, overrun_sum, settles);
  END IF;

  IF granted IS NULL AND extensions = 0 THEN
    IF holds <> '{}' THEN
      INSERT INTO hold (request_id, organisation_id, amount_nano, gateway_id, epoch, budgets)
        SELECT request_id, organisation_id, want, gateway_id, gateway_epoch, string_to_array(budgets, ' ') FROM unnest(holds);
    END IF;
    RETURN;
  END IF;
  FOR h IN
    SELECT request_id, organisation_id, had, budgets, coalesce(granted[ord], want) AS amount
      FROM unnest(holds) WITH ORDINALITY AS w (request_id, want, least, had, first, last, organisation_id, budgets, ord)
  LOOP
    CONTINUE WHEN h.amount < 0;
    IF h.had < 0 THEN
      INSERT INTO hold (request_id, organisation_id, amount_nano, gateway_id, epoch, budgets)
        VALUES (h.request_id, h.organisation_id, h.amount, gateway_id, gateway_epoch, string_to_array(h.budgets, ' '));
    ELSE
      UPDATE hold SET amount_nano = h.had + h.amount WHERE request_id = h.request_id AND amount_nano = h.had;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a hold is not as its gateway remembers it' USING ERRCODE = 'TP002';
      END IF;
    END IF;
  END LOOP;
END $$;
