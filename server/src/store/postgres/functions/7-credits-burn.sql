-- The order in which blocks burn, after their priority and their expiry: what was given before what was paid for.
CREATE FUNCTION burn_rank(source text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE source WHEN 'promo' THEN 0 WHEN 'refund' THEN 0 WHEN 'plan' THEN 1 WHEN 'credit-line' THEN 3 ELSE 2 END
$$;

-- Allocates up to `amount` to the blocks that expire after `alive_after`; returns what no block was left for.
CREATE FUNCTION ledger_burn_part(of_organisation text, amount bigint, alive_after timestamptz, at timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  b record;
  part bigint;
  upto bigint;
  rest bigint := amount;
  on_credit bigint := 0;
BEGIN
  IF rest <= 0 THEN
    RETURN 0;
  END IF;
  SELECT burnt_nano INTO upto FROM credit_position WHERE organisation_id = of_organisation;
  FOR b IN
    SELECT id, source, remaining_nano AS remaining FROM credit_block
      WHERE organisation_id = of_organisation AND effective AND remaining_nano > 0
        AND (expires_at IS NULL OR expires_at > alive_after)
      ORDER BY priority, expires_at NULLS LAST, burn_rank(source), coalesce(effective_at, created_at), id
  LOOP
    part := least(b.remaining, rest);
    upto := upto + part;
    rest := rest - part;
    INSERT INTO credit_burn (organisation_id, upto_nano, block_id, amount_nano, created_at)
      VALUES (of_organisation, upto, b.id, part, at);
    UPDATE credit_block SET remaining_nano = remaining_nano - part WHERE id = b.id;
    IF b.source = 'credit-line' THEN
      on_credit := on_credit + part;
    END IF;
    EXIT WHEN rest = 0;
  END LOOP;
  UPDATE credit_position SET burnt_nano = upto WHERE organisation_id = of_organisation;
  IF on_credit > 0 THEN
    -- Spent on credit: from now on it is owed.
    PERFORM ledger_move('on-credit:' || of_organisation || ':' || upto, 'receivable:' || of_organisation,
      'credit_line:' || of_organisation, on_credit, 'on-credit', at);
  END IF;
  RETURN rest;
END $$;

-- What was charged and is not allocated: charges are unburnt as long as the blocks say more than the balance, as everything
-- else that moves credits changes both.
CREATE FUNCTION ledger_unburnt(of_organisation text) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  balance bigint;
  unburnt bigint;
BEGIN
  SELECT balance_nano INTO balance FROM account WHERE id = 'credits:' || of_organisation;
  SELECT coalesce(sum(remaining_nano), 0) - balance INTO unburnt FROM credit_block
    WHERE organisation_id = of_organisation AND effective AND remaining_nano > 0;
  IF unburnt < 0 THEN
    RAISE EXCEPTION 'credits:% has % more than its blocks; run "turnpike reconcile"', of_organisation, -unburnt
      USING ERRCODE = 'TP005';
  END IF;
  RETURN unburnt;
END $$;

-- Allocates what was charged before `moment` to the blocks of before. What none that lived was left for had been set aside in
-- one that has ended since, never in one that begins now.
CREATE FUNCTION ledger_burn_before(of_organisation text, moment timestamptz, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  unburnt bigint := ledger_unburnt(of_organisation);
  later bigint;
  rest bigint;
BEGIN
  IF unburnt > 0 THEN
    SELECT coalesce(sum(amount_nano), 0) INTO later FROM transfer
      WHERE debit = 'credits:' || of_organisation AND kind IN ('settle', 'rerate') AND created_at >= moment;
    rest := ledger_burn_part(of_organisation, unburnt - later, moment - interval '1 microsecond', at);
    PERFORM ledger_burn_part(of_organisation, rest, '-infinity', at);
  END IF;
END $$;

-- Allocates all that is left, to living blocks as far as there are any.
CREATE FUNCTION ledger_burn(of_organisation text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ledger_burn_part(of_organisation,
    ledger_burn_part(of_organisation, ledger_unburnt(of_organisation), at, at), '-infinity', at);
END $$;

-- Blocks whose moment has come may be spent.
CREATE FUNCTION ledger_begin(of_organisation text, moment timestamptz, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  b record;
BEGIN
  FOR b IN
    SELECT id, remaining_nano AS remaining FROM credit_block
      WHERE organisation_id = of_organisation AND NOT effective AND remaining_nano > 0 AND effective_at <= moment
      ORDER BY effective_at, id
  LOOP
    PERFORM ledger_move('effective:' || b.id, 'pending_credits:' || of_organisation, 'credits:' || of_organisation,
      b.remaining, 'effective', at);
    UPDATE credit_block SET effective = true WHERE id = b.id;
  END LOOP;
END $$;
