-- The books: double entry, append only, whole nano-dollars. domain/ledger/README.md says what must always be true.
--
-- The tables of the hot path have no foreign keys: each costs a look-up and a row lock per inserted row, several times
-- the price of the insert itself. Rows are written only by the functions of 0003, and auditBooks() finds any that
-- do not belong together. Nor have they more CHECKs than one: PostgreSQL parses a table's stored CHECKs anew in every
-- statement (four of them took 160 of 670 µs for a hold and its settle), while it caches the checks of a domain.

CREATE DOMAIN amount_nano AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN token_count AS bigint CHECK (VALUE >= 0);
CREATE TYPE account_kind AS ENUM ('credits', 'revenue', 'payment-clearing', 'overrun-loss');

-- balance = credits - debits. A customer's credits are what we owe them; house accounts may be negative.
CREATE TABLE account (
  id               text COLLATE "C" PRIMARY KEY,
  kind             account_kind NOT NULL,
  -- House accounts have none.
  organisation_id  text COLLATE "C" REFERENCES organisation,
  balance_nano     bigint NOT NULL DEFAULT 0,
  -- The part of the balance that open holds have set aside.
  held_nano        amount_nano NOT NULL DEFAULT 0,
  CHECK (balance_nano >= held_nano OR organisation_id IS NULL)
) WITH (fillfactor = 50); -- updated all the time: room for the next version of a row on its own page

INSERT INTO account (id, kind) VALUES
  ('overrun_loss', 'overrun-loss'),
  ('payment_clearing:manual', 'payment-clearing');

-- Ids are derived from what happened, so that a retry meets itself: settle:<request>, overrun:<request>, topup:<id>.
CREATE TABLE transfer (
  id          text COLLATE "C" PRIMARY KEY,
  debit       text COLLATE "C" NOT NULL,
  credit      text COLLATE "C" NOT NULL,
  amount_nano amount_nano NOT NULL,
  kind        text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER transfer_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_is_immutable;

-- One row per gateway. A start takes the next epoch; batches of an older epoch are refused.
CREATE TABLE gateway (
  id            text COLLATE "C" PRIMARY KEY,
  epoch         bigint NOT NULL,
  heartbeat_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Open holds only: a hold's row goes in the transaction that settles or voids it.
CREATE TABLE hold (
  request_id       uuid PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL,
  amount_nano      amount_nano NOT NULL,
  gateway_id       text COLLATE "C" NOT NULL,
  epoch            bigint NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now()
) WITH (
  -- Every row dies young; without this the table grows by its own traffic until a fifth of it is dead.
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE usage (
  request_id            uuid PRIMARY KEY,
  organisation_id       text COLLATE "C" NOT NULL,
  project_id            text COLLATE "C" NOT NULL,
  key_id                text COLLATE "C" NOT NULL,
  model                 text COLLATE "C" NOT NULL,
  engine                text NOT NULL,
  protocol              text NOT NULL,
  usage_source          text NOT NULL,
  outcome               text NOT NULL,
  price_version         integer NOT NULL,
  input                 token_count NOT NULL,
  cache_read            token_count NOT NULL,
  cache_write_5m        token_count NOT NULL,
  cache_write_1h        token_count NOT NULL,
  output                token_count NOT NULL,
  reasoning             token_count NOT NULL,
  -- cost: what the tokens cost by price_version. charged: what the customer paid. overrun: what the house paid.
  cost_nano             amount_nano NOT NULL,
  charged_nano          amount_nano NOT NULL,
  overrun_nano          amount_nano NOT NULL,
  started_at            timestamptz NOT NULL,
  first_token_after_ms  integer,
  duration_ms           integer NOT NULL,
  settled_at            timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX usage_by_organisation ON usage (organisation_id, started_at);
CREATE TRIGGER usage_is_immutable
  BEFORE UPDATE OR TRUNCATE ON usage FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE usage ENABLE ALWAYS TRIGGER usage_is_immutable;
