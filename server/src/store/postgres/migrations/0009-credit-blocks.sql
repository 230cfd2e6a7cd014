-- Credit blocks: a sub-ledger of the account credits:<organisation>. The request path does not know it. What has been
-- charged since the last look is allocated to blocks ("burnt") before anything changes which blocks there are.

ALTER TABLE account DROP CONSTRAINT account_check;
-- A receivable is what a customer owes, a credit line what it may still come to owe: both below zero by nature.
ALTER TABLE account ADD CONSTRAINT account_check
  CHECK (balance_nano >= held_nano OR organisation_id IS NULL OR kind IN ('receivable', 'credit-line'));

INSERT INTO account (id, kind) VALUES
  ('breakage', 'breakage'),
  ('crash_loss', 'crash-loss'),
  ('plan_clearing', 'plan-clearing'),
  ('promo_cost', 'promo-cost'),
  ('rounding', 'rounding'),
  ('tax_payable', 'tax-payable')
  ON CONFLICT (id) DO NOTHING;

-- What of it is to be found by time: a burn that comes late asks what was charged since a block's last moment.
CREATE INDEX transfer_by_time ON transfer USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);

CREATE TABLE credit_block (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  source           text NOT NULL CHECK (source IN ('payment', 'promo', 'refund', 'manual', 'plan', 'credit-line')),
  provider         text COLLATE "C" NOT NULL,
  priority         integer NOT NULL CHECK (priority BETWEEN 0 AND 1000),
  amount_nano      amount_nano NOT NULL CHECK (amount_nano > 0),
  -- What was paid for it.
  cost_basis_nano  amount_nano NOT NULL CHECK (cost_basis_nano <= amount_nano),
  -- Null: at once, and never.
  effective_at     timestamptz,
  expires_at       timestamptz CHECK (expires_at > effective_at),
  note             text,
  created_at       timestamptz NOT NULL,
  -- What changes. Until it is effective a block is in pending_credits:<organisation>.
  effective        boolean NOT NULL DEFAULT false,
  remaining_nano   amount_nano NOT NULL CHECK (remaining_nano <= amount_nano),
  -- Taken back but owed instead, because it was not free at that time: taken from the block when it is.
  reversing_nano   amount_nano NOT NULL DEFAULT 0
);
CREATE INDEX credit_block_live ON credit_block (organisation_id) WHERE remaining_nano > 0;
CREATE INDEX credit_block_by_organisation ON credit_block (organisation_id, created_at);
CREATE INDEX credit_block_to_begin ON credit_block (effective_at) WHERE remaining_nano > 0 AND NOT effective;
CREATE INDEX credit_block_to_end ON credit_block (expires_at) WHERE remaining_nano > 0;

CREATE FUNCTION keep_block_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (new.id, new.organisation_id, new.source, new.provider, new.priority, new.amount_nano, new.cost_basis_nano,
      new.effective_at, new.expires_at, new.note, new.created_at)
    IS DISTINCT FROM (old.id, old.organisation_id, old.source, old.provider, old.priority, old.amount_nano,
      old.cost_basis_nano, old.effective_at, old.expires_at, old.note, old.created_at) THEN
    RAISE EXCEPTION 'the facts of a credit block are never changed; reverse it and add another'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER credit_block_facts BEFORE UPDATE ON credit_block FOR EACH ROW EXECUTE FUNCTION keep_block_facts();
ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_facts;
CREATE TRIGGER credit_block_stays
  BEFORE DELETE OR TRUNCATE ON credit_block FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_stays;

-- Which block paid for which part of what was charged. All that an organisation was ever charged is one line of
-- nano-dollars; an allocation is the piece of it that ends at `upto_nano`, and pieces meet without a gap.
CREATE TABLE credit_burn (
  organisation_id  text COLLATE "C" NOT NULL,
  upto_nano        bigint NOT NULL,
  block_id         text COLLATE "C" NOT NULL,
  amount_nano      amount_nano NOT NULL,
  created_at       timestamptz NOT NULL,
  PRIMARY KEY (organisation_id, upto_nano)
);
CREATE INDEX credit_burn_by_block ON credit_burn (block_id);
CREATE TRIGGER credit_burn_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_burn FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE credit_burn ENABLE ALWAYS TRIGGER credit_burn_is_immutable;

-- What left a block otherwise: it paid what was owed, expired, was taken back at once or when it was free, or shortened a
-- credit line. The id is that of its transfer.
CREATE TABLE credit_movement (
  id           text COLLATE "C" PRIMARY KEY,
  block_id     text COLLATE "C" NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('debt', 'expire', 'reverse', 'take-back', 'line-back')),
  amount_nano  amount_nano NOT NULL,
  created_at   timestamptz NOT NULL
);
CREATE INDEX credit_movement_by_block ON credit_movement (block_id);
CREATE TRIGGER credit_movement_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_movement FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE credit_movement ENABLE ALWAYS TRIGGER credit_movement_is_immutable;

CREATE TABLE credit_reversal (
  id            text COLLATE "C" PRIMARY KEY,
  block_id      text COLLATE "C" NOT NULL REFERENCES credit_block,
  reason        text NOT NULL CHECK (reason IN ('refund', 'chargeback', 'mistake')),
  amount_nano   amount_nano NOT NULL CHECK (amount_nano > 0),
  -- From where it came: the block itself, what of it had expired, and what the customer owes.
  taken_nano    amount_nano NOT NULL,
  expired_nano  amount_nano NOT NULL,
  owed_nano     amount_nano NOT NULL,
  created_at    timestamptz NOT NULL,
  CHECK (taken_nano + expired_nano + owed_nano = amount_nano)
);
CREATE INDEX credit_reversal_by_block ON credit_reversal (block_id);
CREATE TRIGGER credit_reversal_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_reversal FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE credit_reversal ENABLE ALWAYS TRIGGER credit_reversal_is_immutable;

-- One row per organisation whose blocks were ever looked at. `burnt_nano` of what it was charged is allocated.
CREATE TABLE credit_position (
  organisation_id    text COLLATE "C" PRIMARY KEY REFERENCES organisation,
  burnt_nano         bigint NOT NULL DEFAULT 0,
  burnt_at           timestamptz NOT NULL DEFAULT '-infinity',
  -- What it may owe; 0 for those who pay first.
  credit_limit_nano  amount_nano NOT NULL DEFAULT 0,
  -- A limit was lowered below what running requests have set aside: to be looked at again.
  line_is_long       boolean NOT NULL DEFAULT false,
  -- Whether its keys stop when it owes more than its limit, and whether they have.
  freezes            boolean NOT NULL DEFAULT true,
  frozen             boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- What was added before there were blocks: one each. What has been charged since is allocated at the first look.
INSERT INTO credit_block (id, organisation_id, source, provider, priority, amount_nano, cost_basis_nano, created_at,
    effective, remaining_nano)
  SELECT substr(id, 8), substr(credit, 9), 'manual', 'manual', 100, amount_nano, amount_nano, created_at,
      true, amount_nano
    FROM transfer WHERE kind = 'topup';
INSERT INTO credit_position (organisation_id) SELECT id FROM organisation;

-- One transfer and both balances. Whoever moves more than once locks the accounts before: the customer's credits first,
-- then the others in the order of their ids.
CREATE FUNCTION ledger_move(move_id text, from_account text, to_account text, amount bigint, move_kind text, at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  leg record;
BEGIN
  INSERT INTO transfer (id, debit, credit, amount_nano, kind, created_at)
    VALUES (move_id, from_account, to_account, amount, move_kind, at);
  FOR leg IN
    SELECT * FROM (VALUES (from_account, -amount), (to_account, amount)) AS v (account_id, change)
      ORDER BY account_id COLLATE "C"
  LOOP
    UPDATE account SET balance_nano = balance_nano + leg.change WHERE id = leg.account_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'there is no account "%"', leg.account_id USING ERRCODE = 'TP003';
    END IF;
  END LOOP;
END $$;

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

-- Allocates what was charged since the last look. Charges are unburnt as long as the blocks say more than the balance:
-- everything else that moves credits changes both. What was charged after a block's last moment goes to other blocks, as
-- far as there are any; the rest was set aside while the block could be spent.
CREATE FUNCTION ledger_burn(of_organisation text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  balance bigint;
  unburnt bigint;
  last_at timestamptz;
  boundary timestamptz;
  later bigint;
  early bigint;
  crossed boolean := false;
BEGIN
  SELECT balance_nano INTO balance FROM account WHERE id = 'credits:' || of_organisation FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no organisation "%"', of_organisation USING ERRCODE = 'TP003';
  END IF;
  INSERT INTO credit_position (organisation_id) VALUES (of_organisation) ON CONFLICT DO NOTHING;
  SELECT burnt_at INTO last_at FROM credit_position WHERE organisation_id = of_organisation;
  SELECT coalesce(sum(remaining_nano), 0) - balance INTO unburnt FROM credit_block
    WHERE organisation_id = of_organisation AND effective AND remaining_nano > 0;
  IF unburnt < 0 THEN
    RAISE EXCEPTION 'credits:% has % more than its blocks; run "turnpike reconcile"', of_organisation, -unburnt
      USING ERRCODE = 'TP005';
  END IF;

  FOR boundary IN
    SELECT DISTINCT expires_at FROM credit_block
      WHERE organisation_id = of_organisation AND effective AND remaining_nano > 0
        AND expires_at <= at AND expires_at > last_at
      ORDER BY 1
  LOOP
    crossed := true;
    EXIT WHEN unburnt = 0;
    SELECT coalesce(sum(amount_nano), 0) INTO later FROM transfer
      WHERE debit = 'credits:' || of_organisation AND kind = 'settle' AND created_at >= boundary;
    early := greatest(unburnt - later, 0);
    unburnt := unburnt - early
      + ledger_burn_part(of_organisation, early, boundary - interval '1 microsecond', at);
  END LOOP;
  IF unburnt > 0 THEN
    unburnt := ledger_burn_part(of_organisation, unburnt, at, at);
    unburnt := ledger_burn_part(of_organisation, unburnt, '-infinity', at);
    crossed := true;
  END IF;
  IF crossed THEN
    UPDATE credit_position SET burnt_at = greatest(burnt_at, at) WHERE organisation_id = of_organisation;
  END IF;
END $$;

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

-- A part of a block goes elsewhere: `<kind>:<block>:<how often before>`.
CREATE FUNCTION ledger_leave(of_block text, move_kind text, from_account text, to_account text, amount bigint, at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before bigint;
  name text;
BEGIN
  SELECT count(*) INTO before FROM credit_movement WHERE block_id = of_block;
  name := move_kind || ':' || of_block || ':' || before;
  PERFORM ledger_move(name, from_account, to_account, amount, move_kind, at);
  INSERT INTO credit_movement (id, block_id, kind, amount_nano, created_at)
    VALUES (name, of_block, move_kind, amount, at);
  UPDATE credit_block SET remaining_nano = remaining_nano - amount WHERE id = of_block;
END $$;

-- The look at one organisation's blocks that comes before everything else that is done with them: burns what was
-- charged, lets blocks begin and end whose time has come, and takes back what could not be taken back before.
CREATE FUNCTION ledger_look(of_organisation text, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  b record;
  free bigint;
  owed bigint;
  part bigint;
BEGIN
  PERFORM ledger_burn(of_organisation, at);
  FOR b IN
    SELECT id, remaining_nano AS remaining FROM credit_block
      WHERE organisation_id = of_organisation AND NOT effective AND remaining_nano > 0 AND effective_at <= at
      ORDER BY effective_at, id
  LOOP
    PERFORM ledger_move('effective:' || b.id, 'pending_credits:' || of_organisation, 'credits:' || of_organisation,
      b.remaining, 'effective', at);
    UPDATE credit_block SET effective = true WHERE id = b.id;
  END LOOP;

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
