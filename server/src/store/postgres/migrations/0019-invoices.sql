-- Invoices, statements and credit notes: drafts are computed when they are looked at, what is final is frozen.

-- Who sells, and who is billed. `address` has a line each.
CREATE TABLE seller_details (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  name      text NOT NULL,
  address   text[] NOT NULL,
  email     text,
  tax_id    text
);
CREATE TABLE billing_details (
  organisation_id  text COLLATE "C" PRIMARY KEY REFERENCES organisation,
  name             text NOT NULL,
  address          text[] NOT NULL,
  email            text,
  tax_id           text,
  -- Millionths: 190000 is 19 %.
  tax_rate_ppm     integer NOT NULL CHECK (tax_rate_ppm BETWEEN 0 AND 1000000),
  terms_days       integer NOT NULL CHECK (terms_days BETWEEN 0 AND 365)
);

-- One row for each series of numbers. It is locked by the transaction that finalises, so numbers have no gap.
CREATE TABLE invoice_counter (
  series  text COLLATE "C" PRIMARY KEY,
  last    bigint NOT NULL
);
INSERT INTO invoice_counter (series, last) VALUES ('INV', 0), ('ST', 0), ('CN', 0);

CREATE TABLE invoice (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  -- `invoice` for those who pay afterwards, `statement` for those who paid before, `credit-note`; undecided while a draft.
  kind             text CHECK (kind IN ('invoice', 'statement', 'credit-note')),
  period_from      timestamptz NOT NULL,
  period_to        timestamptz NOT NULL CHECK (period_to > period_from),
  -- Of a credit note: what it corrects.
  corrects         text COLLATE "C" REFERENCES invoice,
  created_at       timestamptz NOT NULL DEFAULT now(),
  -- What is final. The document is JSON as text: its bytes are what the hash is of.
  number           text COLLATE "C" UNIQUE,
  document         text,
  sha256           text,
  total_cents      bigint,
  usage_nano       bigint,
  rounding_nano    bigint,
  finalised_at     timestamptz,
  CHECK ((number IS NULL) = (document IS NULL) AND (number IS NULL) = (sha256 IS NULL)
    AND (number IS NULL) = (total_cents IS NULL) AND (number IS NULL) = (usage_nano IS NULL)
    AND (number IS NULL) = (rounding_nano IS NULL) AND (number IS NULL) = (finalised_at IS NULL)
    AND (number IS NULL OR kind IS NOT NULL))
);
CREATE UNIQUE INDEX invoice_one_of_a_period ON invoice (organisation_id, period_from) WHERE corrects IS NULL;
CREATE INDEX invoice_by_organisation ON invoice (organisation_id, created_at);

CREATE FUNCTION keep_final_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF old.number IS NOT NULL THEN
    RAISE EXCEPTION 'invoice % is final: it is never changed or deleted; write a credit note instead', old.number
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN old;
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER invoice_final BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION keep_final_invoice();
ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_final;
CREATE TRIGGER invoice_stays BEFORE TRUNCATE ON invoice FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE invoice ENABLE ALWAYS TRIGGER invoice_stays;

-- Which usage is on which invoice. What is settled later than its month was closed is what this lacks: it is on the next one.
CREATE TABLE invoice_usage (
  invoice_id      text COLLATE "C" NOT NULL REFERENCES invoice,
  day             timestamptz NOT NULL,
  model           text COLLATE "C" NOT NULL,
  tier            text COLLATE "C" NOT NULL,
  price_version   integer NOT NULL,
  requests        bigint NOT NULL,
  input           bigint NOT NULL,
  cache_read      bigint NOT NULL,
  cache_write_5m  bigint NOT NULL,
  cache_write_1h  bigint NOT NULL,
  output          bigint NOT NULL,
  reasoning       bigint NOT NULL,
  image_input     bigint NOT NULL,
  audio_input     bigint NOT NULL,
  image_output    bigint NOT NULL,
  audio_output    bigint NOT NULL,
  tool_calls      bigint NOT NULL,
  cost_nano       bigint NOT NULL,
  charged_nano    bigint NOT NULL,
  overrun_nano    bigint NOT NULL,
  PRIMARY KEY (invoice_id, day, model, tier, price_version)
);
CREATE TRIGGER invoice_usage_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_usage FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE invoice_usage ENABLE ALWAYS TRIGGER invoice_usage_is_immutable;

-- What is billed beside usage and plans: on the first invoice that is finalised after `due_at`, once.
CREATE TABLE invoice_item (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  description      text NOT NULL,
  amount_cents     bigint NOT NULL,
  service_from     timestamptz,
  service_to       timestamptz,
  due_at           timestamptz NOT NULL DEFAULT now(),
  created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX invoice_item_by_organisation ON invoice_item (organisation_id, due_at);
CREATE TABLE invoice_item_billed (
  -- Of invoice_item, or `due:<id>` of what is due for a plan.
  item_id     text COLLATE "C" PRIMARY KEY,
  invoice_id  text COLLATE "C" NOT NULL REFERENCES invoice
);
CREATE TRIGGER invoice_item_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_item FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE invoice_item ENABLE ALWAYS TRIGGER invoice_item_is_immutable;
CREATE TRIGGER invoice_item_billed_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_item_billed FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE invoice_item_billed ENABLE ALWAYS TRIGGER invoice_item_billed_is_immutable;

-- The other side of `rounding`: what is billed in cents less what the ledger has in nano-dollars.
INSERT INTO account (id, kind) VALUES ('revenue:rounding', 'revenue') ON CONFLICT (id) DO NOTHING;

-- The roll-ups tell fewer protocols apart than they did: they begin anew.
DELETE FROM usage_hour;
DELETE FROM usage_day;
DELETE FROM usage_day_by_end_user;
UPDATE usage_roll_up_position SET cluster = 0;
