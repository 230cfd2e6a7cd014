-- Brings the unspent credit line to what the limit leaves: the limit less what is owed. What running requests have set
-- aside stays until they end.
CREATE FUNCTION ledger_line(of_organisation text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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
      VALUES (name, of_organisation, 'credit-line', 'credit-line', 1000, wanted - present, 0, at,
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

-- The look at one organisation's blocks that comes before everything else that is done with them: burns what was
-- charged, lets blocks begin and end, and takes back what could not be taken back before.
CREATE FUNCTION ledger_look(of_organisation text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  b record;
  free bigint;
  owed bigint;
  part bigint;
BEGIN
  PERFORM ledger_burn(of_organisation, at);
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
      WHERE organisation_id = of_organisation AND effective AND remaining_nano > 0 AND expires_at <= at
      ORDER BY expires_at, id
  LOOP
    part := least(b.remaining, free);
    EXIT WHEN part <= 0;
    PERFORM ledger_leave(b.id, 'expire', 'credits:' || of_organisation, 'breakage', part, at);
    free := free - part;
  END LOOP;
  PERFORM ledger_line(of_organisation, at);
END $$;
