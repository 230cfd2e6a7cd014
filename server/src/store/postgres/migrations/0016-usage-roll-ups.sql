-- Usage summed by hour and by day, so that a page about a month does not add up a million rows; and the keys that may
-- read such pages and nothing else.

-- Which transaction wrote a row. Rows of transactions that ended before a snapshot began never change and are all there:
-- up to them usage is rolled up. Rows of before this column count as written by transaction 0.
ALTER TABLE usage ADD COLUMN settled_xid xid8 NOT NULL DEFAULT '0';
ALTER TABLE usage ALTER COLUMN settled_xid SET DEFAULT pg_current_xact_id();
CREATE INDEX usage_by_transaction ON usage (settled_xid);

-- Sums of usage rows that differ in nothing that a bill or a page tells apart. `failed` requests cost nothing.
CREATE TABLE usage_hour (
  organisation_id  text COLLATE "C" NOT NULL,
  starts_at        timestamptz NOT NULL,
  project_id       text COLLATE "C" NOT NULL,
  key_id           text COLLATE "C" NOT NULL,
  model            text COLLATE "C" NOT NULL,
  tier             text COLLATE "C" NOT NULL,
  price_version    integer NOT NULL,
  protocol         text COLLATE "C" NOT NULL,
  failed           boolean NOT NULL,
  -- '' in the tables that do not tell end users apart, and for requests without one.
  end_user         text COLLATE "C" NOT NULL DEFAULT '',
  requests         bigint NOT NULL,
  input            bigint NOT NULL,
  cache_read       bigint NOT NULL,
  cache_write_5m   bigint NOT NULL,
  cache_write_1h   bigint NOT NULL,
  output           bigint NOT NULL,
  reasoning        bigint NOT NULL,
  image_input      bigint NOT NULL,
  audio_input      bigint NOT NULL,
  image_output     bigint NOT NULL,
  audio_output     bigint NOT NULL,
  tool_calls       bigint NOT NULL,
  cost_nano        bigint NOT NULL,
  charged_nano     bigint NOT NULL,
  overrun_nano     bigint NOT NULL,
  PRIMARY KEY (organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user)
) WITH (fillfactor = 70);
CREATE TABLE usage_day (LIKE usage_hour INCLUDING ALL) WITH (fillfactor = 70);
-- Of dimensions that many end users multiply with, it has only the model, and of protocols whether they are embeddings.
CREATE TABLE usage_day_by_end_user (LIKE usage_hour INCLUDING ALL) WITH (fillfactor = 70);

-- Up to which transaction (exclusive) usage is in the three tables, and in which cluster transactions are counted so.
CREATE TABLE usage_roll_up_position (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  upto      xid8 NOT NULL,
  cluster   bigint NOT NULL
);
INSERT INTO usage_roll_up_position (upto, cluster) VALUES ('0', 0);

-- Keys of an organisation that read its usage and costs, and can do nothing else: they are in no snapshot, so no request
-- for a generation finds them.
CREATE TABLE admin_key (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  name             text NOT NULL,
  hash             text COLLATE "C" NOT NULL UNIQUE,
  redacted         text NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  revoked_at       timestamptz
);
CREATE INDEX admin_key_by_organisation ON admin_key (organisation_id);
