-- Brings the unspent credit line to what the limit leaves: the limit less what is owed. What running requests have set
-- aside stays until they end.
CREATE FUNCTION ledger_line(of_organisation text, moment timestamptz, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  credit_limit bigint;
  owed bigint;
  wanted bigint;
  present bigint;
  free bigint;
  part bigint;
  b record;
  position bigint;
  name text;
BEGIN
  SELECT credit_limit_nano INTO credit_limit FROM credit_position WHERE organisation_id = of_organisation;
  SELECT -balance_nano INTO present FROM account WHERE id = 'credit_line:' || of_organisation;
  IF NOT FOUND THEN
    RETURN; -- It has never had a limit.
  END IF;
  SELECT -balance_nano INTO owed FROM account WHERE id = 'receivable:' || of_organisation;
  wanted := greatest(credit_limit - greatest(owed, 0), 0);
  IF wanted > present THEN
    SELECT count(*) + 1 INTO position FROM credit_block
      WHERE organisation_id = of_organisation AND source = 'credit-line';
    -- No id that people choose has a slash.
    name := 'line/' || of_organisation || '/' || position;
    INSERT INTO credit_block (id, organisation_id, source, provider, priority, amount_nano, cost_basis_nano, created_at,
        effective, remaining_nano)
      VALUES (name, of_organisation, 'credit-line', 'credit-line', 1000, wanted - present, 0, moment,
        true, wanted - present);
    PERFORM ledger_move('credit-line:' || name, 'credit_line:' || of_organisation, 'credits:' || of_organisation,
      wanted - present, 'credit-line', at);
  END IF;
  SELECT balance_nano - held_nano INTO free FROM account WHERE id = 'credits:' || of_organisation;
  FOR b IN
    SELECT id, remaining_nano AS remaining FROM credit_block
      WHERE organisation_id = of_organisation AND source = 'credit-line' AND remaining_nano > 0
      ORDER BY created_at DESC, id DESC
  LOOP
    part := least(present - wanted, b.remaining, free);
    EXIT WHEN part <= 0;
    PERFORM ledger_leave(b.id, 'line-back', 'credits:' || of_organisation, 'credit_line:' || of_organisation, part, at);
    present := present - part;
    free := free - part;
  END LOOP;
  UPDATE credit_position SET line_is_long = present > wanted
    WHERE organisation_id = of_organisation AND line_is_long <> (present > wanted);
END $$;

-- What ends at `moment`, as far as it is not set aside: takes back what could not be taken back before, ends blocks, and
-- brings the credit line to what it may be.
CREATE FUNCTION ledger_end(of_organisation text, moment timestamptz, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  b record;
  free bigint;
  owed bigint;
  part bigint;
BEGIN
  SELECT balance_nano - held_nano INTO free FROM account WHERE id = 'credits:' || of_organisation;
  SELECT -balance_nano INTO owed FROM account WHERE id = 'receivable:' || of_organisation;
  FOR b IN
    SELECT id, remaining_nano AS remaining, reversing_nano AS reversing FROM credit_block
      WHERE organisation_id = of_organisation AND effective AND remaining_nano > 0 AND reversing_nano > 0
      ORDER BY id
  LOOP
    part := least(b.remaining, b.reversing, free, owed);
    CONTINUE WHEN part IS NULL OR part <= 0;
    PERFORM ledger_leave(b.id, 'take-back', 'credits:' || of_organisation, 'receivable:' || of_organisation, part, at);
    UPDATE credit_block SET reversing_nano = reversing_nano - part WHERE id = b.id;
    PERFORM ledger_invoices_paid(of_organisation, 'take-back:' || b.id || ':' || (SELECT count(*) FROM credit_movement
      WHERE block_id = b.id), 0, NULL, at);
    free := free - part;
    owed := owed - part;
  END LOOP;
  FOR b IN
    SELECT id, remaining_nano AS remaining FROM credit_block
      WHERE organisation_id = of_organisation AND effective AND remaining_nano > 0 AND expires_at <= moment
      ORDER BY expires_at, id
  LOOP
    part := least(b.remaining, free);
    EXIT WHEN part <= 0;
    PERFORM ledger_leave(b.id, 'expire', 'credits:' || of_organisation, 'breakage', part, at);
    free := free - part;
  END LOOP;
  PERFORM ledger_line(of_organisation, moment, at);
END $$;

-- The look at one organisation's blocks that comes before everything else that is done with them. It goes through the moments
-- since the last one, as if somebody had looked at each: burns what was charged before it, lets blocks begin and end.
CREATE FUNCTION ledger_look(of_organisation text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  last_at timestamptz;
  moment timestamptz;
BEGIN
  PERFORM FROM account WHERE id = 'credits:' || of_organisation FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no organisation "%"', of_organisation USING ERRCODE = 'TP003';
  END IF;
  INSERT INTO credit_position (organisation_id) VALUES (of_organisation) ON CONFLICT DO NOTHING;
  SELECT burnt_at INTO last_at FROM credit_position WHERE organisation_id = of_organisation;
  FOR moment IN
    SELECT expires_at FROM credit_block
      WHERE organisation_id = of_organisation AND remaining_nano > 0 AND expires_at <= at AND expires_at > last_at
    UNION SELECT effective_at FROM credit_block
      WHERE organisation_id = of_organisation AND remaining_nano > 0 AND NOT effective AND effective_at <= at
    ORDER BY 1
  LOOP
    PERFORM ledger_burn_before(of_organisation, moment, at);
    PERFORM ledger_begin(of_organisation, moment, at);
    PERFORM ledger_end(of_organisation, moment, at);
    UPDATE credit_position SET burnt_at = greatest(burnt_at, moment) WHERE organisation_id = of_organisation;
  END LOOP;
  PERFORM ledger_burn(of_organisation, at);
  PERFORM ledger_end(of_organisation, at, at);
END $$;

-- Before anything is set aside from these accounts: blocks whose time is over end now, and not when somebody looks. A block
-- of a plan whose next cycle is about to be granted waits for that: what is charged meanwhile burns the next one.
CREATE FUNCTION ledger_end_due(account_ids text[]) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz;
  organisation text;
BEGIN
  -- One look into an index: asked as a comparison, the planner may read all blocks there are (3 ms with 5,000 of them, and
  -- this is some 45 µs on a busy machine).
  SELECT min(expires_at) INTO moment FROM credit_block WHERE remaining_nano > 0;
  IF moment IS NULL OR moment > clock_timestamp() + interval '1 s' THEN
    RETURN;
  END IF;
  -- All that the caller will lock, in its order: the house's accounts come after them.
  PERFORM FROM account WHERE id = ANY (account_ids) ORDER BY id FOR UPDATE;
  moment := date_trunc('milliseconds', clock_timestamp());
  FOR organisation IN
    SELECT DISTINCT organisation_id FROM credit_block AS b
      WHERE remaining_nano > 0 AND effective AND expires_at <= moment AND 'credits:' || organisation_id = ANY (account_ids)
        AND NOT EXISTS (SELECT FROM subscription AS s
          WHERE s.organisation_id = b.organisation_id AND NOT ended AND NOT cancel_at_period_end
            AND next_at <= moment AND next_at > moment - interval '5 s')
      ORDER BY 1
  LOOP
    PERFORM ledger_look(organisation, moment);
  END LOOP;
END $$;
