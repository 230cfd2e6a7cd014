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
