-- One batch of records, lease changes and wishes of one gateway in one transaction. `changes` and `revenues` come in the
-- order of ids, and accounts are locked in that order, each before its lease: credits:…, overrun_loss, revenue:…
--
-- Wishes are looked at in the order in which they came, and get what is free and what is spare in the gateway's own lease:
-- all of it that they want, or at least what they need, from every one of their accounts or from none. Who gets nothing
-- takes nothing: two gateways that wait must not keep from each other what would be enough for one.
--
-- Returns what each lease stands at, the free amount beside it, and whether the account is being recalled; null where
-- there is no such account. And for each wish: the amount, or -1: nobody has more; or -2: others may have some to spare
-- and have been asked for it. For the last two, the position of the account that lacked, and the recall to wait for.
-- Where something may have been set aside, also in how many ms the next part of that credit ends; null if none does.
CREATE FUNCTION ledger_apply_leased(
  this_gateway text, this_epoch bigint, lease_epoch bigint, from_seq bigint, to_seq bigint,
  changes lease_change[], wishes lease_wish[], wish_accounts integer[],
  revenues revenue_change[], overrun_sum bigint, settles settle_record[],
  OUT leased bigint[], OUT available bigint[], OUT scarce boolean[],
  OUT granted bigint[], OUT lacked integer[], OUT since bigint[],
  OUT expires double precision[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  -- For so long after a recall nobody keeps anything to spare.
  scarce_for CONSTANT interval := '1 s';
  -- A recall for each refusal would be a storm: who comes too early waits for the next one.
  recall_every CONSTANT interval := '50 ms';
  -- Who has not been heard of for so long will not answer; its leases are voided later.
  silent CONSTANT interval := '12 s';
  c lease_change;
  w lease_wish;
  position integer := 0;
  wish_at integer := 0;
  -- By position: what wishes may still take, what they have taken, and the account's newest recall.
  pool bigint[];
  taken bigint[];
  recalls bigint[];
  -- By position: the oldest recall that some other living gateway with a lease has yet to answer, and none if there is no other.
  unanswered bigint[];
  free bigint;
  is_scarce boolean;
  newest bigint;
  recalled timestamptz;
  tight integer;
  need bigint;
  used bigint;
  over bigint;
  more bigint;
  keep bigint;
  target bigint;
  -- From which something may be set aside.
  tapped text[];
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

  -- Commits without waiting for the disk, because it would keep the customer's account locked for as long, and all the
  -- other gateways waiting for it. Whoever called waits for the disk afterwards, if anything was paid in here: until then
  -- it takes nothing for recorded. Leases that a crash of PostgreSQL takes back are read before they are used again.
  PERFORM set_config('synchronous_commit', 'off', true);

  FOREACH c IN ARRAY changes LOOP
    EXIT WHEN left(c.account_id, 7) <> 'budget:'; -- their ids come before all others
    PERFORM budget_open(c.account_id);
  END LOOP;

  tapped := ARRAY(SELECT u.account_id FROM unnest(changes) AS u WHERE wishes <> '{}' OR u.extra > 0);
  IF tapped <> '{}' THEN
    PERFORM ledger_end_due(tapped);
  END IF;

  IF wishes <> '{}' THEN
    lacked := array_fill(0, ARRAY[cardinality(wishes)]);
    since := array_fill(0, ARRAY[cardinality(wishes)]);
    FOREACH c IN ARRAY changes LOOP
      position := position + 1;
      SELECT balance_nano - held_nano - c.charged + c.released + c.spare, recall_no INTO free, newest
        FROM account WHERE id = c.account_id FOR UPDATE;
      pool[position] := free;
      recalls[position] := newest;
      taken[position] := 0;
    END LOOP;
    FOREACH w IN ARRAY wishes LOOP
      wish_at := wish_at + 1;
      tight := wish_accounts[w.first];
      FOR i IN w.first + 1 .. w.last LOOP
        IF pool[wish_accounts[i]] < pool[tight] THEN
          tight := wish_accounts[i];
        END IF;
      END LOOP;
      IF pool[tight] >= w.least THEN
        granted[wish_at] := least(w.want, pool[tight]);
        FOR i IN w.first .. w.last LOOP
          pool[wish_accounts[i]] := pool[wish_accounts[i]] - granted[wish_at];
          taken[wish_accounts[i]] := taken[wish_accounts[i]] + granted[wish_at];
        END LOOP;
        CONTINUE;
      END IF;
      granted[wish_at] := -1;
      lacked[wish_at] := tight;
      CONTINUE WHEN pool[tight] IS NULL; -- there is no such account
      need := CASE w.lacked WHEN tight THEN w.since ELSE recalls[tight] + 1 END;
      c := changes[tight];
      IF unanswered[tight] IS NULL THEN
        SELECT coalesce(min(l.recall_no), 9223372036854775807) INTO newest
          FROM lease AS l JOIN gateway AS g ON g.id = l.gateway_id
          WHERE l.account_id = c.account_id AND NOT (l.gateway_id = this_gateway AND l.epoch = lease_epoch)
            AND g.heartbeat_at > clock_timestamp() - silent;
        unanswered[tight] := newest;
      END IF;
      CONTINUE WHEN unanswered[tight] >= need;
      granted[wish_at] := -2;
      since[wish_at] := need;
      UPDATE account SET recall_no = recall_no + 1, recalled_at = clock_timestamp()
        WHERE id = c.account_id AND recall_no < need
          AND (recalled_at IS NULL OR recalled_at < clock_timestamp() - recall_every)
        RETURNING recall_no INTO newest;
      IF FOUND THEN
        PERFORM pg_notify('turnpike_recall', newest || ' ' || c.account_id);
      END IF;
    END LOOP;
    position := 0;
  END IF;

  FOREACH c IN ARRAY changes LOOP
    position := position + 1;
    used := coalesce(taken[position], 0);
    over := greatest(used - c.spare, 0);
    more := CASE WHEN c.back THEN used - c.spare ELSE over END;
    keep := 0;
    IF c.extra > 0 THEN
      SELECT balance_nano - held_nano - c.charged + c.released - over,
          coalesce(recalled_at > clock_timestamp() - scarce_for, false)
        INTO free, is_scarce FROM account WHERE id = c.account_id FOR UPDATE;
      IF FOUND AND NOT is_scarce THEN
        keep := greatest(least(c.extra, free / 2), 0);
      END IF;
    END IF;
    UPDATE account
      SET balance_nano = balance_nano - c.charged, held_nano = held_nano - c.released + more + keep
      WHERE id = c.account_id
      RETURNING balance_nano - held_nano, coalesce(recalled_at > clock_timestamp() - scarce_for, false), recall_no
        INTO free, is_scarce, newest;
    IF NOT FOUND THEN
      IF c.charged <> 0 OR c.released <> 0 THEN
        RAISE EXCEPTION 'there is no account "%"', c.account_id USING ERRCODE = 'TP003';
      END IF;
      leased[position] := NULL;
      available[position] := NULL;
      scarce[position] := NULL;
      CONTINUE;
    END IF;

    IF c.charged > 0 AND left(c.account_id, 7) = 'budget:' THEN
      PERFORM budget_note(c.account_id);
    END IF;

    target := c.had - c.released + more + keep;
    IF target < 0 THEN
      RAISE EXCEPTION 'a lease is not as its gateway remembers it' USING ERRCODE = 'TP002';
    END IF;
    IF c.had = 0 THEN
      IF target > 0 THEN
        -- New: nothing of it can have been spare when the others were asked.
        INSERT INTO lease (gateway_id, epoch, account_id, amount_nano, recall_no)
          VALUES (this_gateway, lease_epoch, c.account_id, target, newest);
      ELSE
        -- A batch that its gateway had given up may have been committed since: then its credit is not free, it is in a
        -- lease that the gateway does not know of, and must read before it refuses anybody.
        PERFORM FROM lease
          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND account_id = c.account_id;
        IF FOUND THEN
          RAISE EXCEPTION 'a lease is not as its gateway remembers it' USING ERRCODE = 'TP002';
        END IF;
      END IF;
    ELSE
      IF target = 0 THEN
        DELETE FROM lease
          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND account_id = c.account_id
            AND amount_nano = c.had;
      ELSE
        UPDATE lease SET amount_nano = target, recall_no = greatest(recall_no, c.recall_no)
          WHERE gateway_id = this_gateway AND epoch = lease_epoch AND account_id = c.account_id
            AND amount_nano = c.had;
      END IF;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a lease is not as its gateway remembers it' USING ERRCODE = 'TP002';
      END IF;
    END IF;
    leased[position] := target;
    available[position] := free;
    scarce[position] := is_scarce;
    IF (c.extra > 0 OR wishes <> '{}') AND left(c.account_id, 8) = 'credits:' THEN
      expires[position] := (SELECT 1000 * extract(epoch FROM min(expires_at) - clock_timestamp())
        FROM credit_block
        WHERE organisation_id = substr(c.account_id, 9) AND remaining_nano > 0 AND effective AND expires_at IS NOT NULL);
    END IF;
  END LOOP;

  IF settles <> '{}' THEN
    PERFORM ledger_record(revenues, overrun_sum, settles);
  END IF;
END $$;
