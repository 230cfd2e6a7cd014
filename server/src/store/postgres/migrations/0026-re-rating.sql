-- Charges of the past under other prices: rows of usage stay as they are, and what they cost now is beside them.

CREATE TABLE rerating (
  -- In the order in which they were begun: of several about a request the last one counts.
  number           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id               text COLLATE "C" NOT NULL UNIQUE,
  -- Null: everybody.
  organisation_id  text COLLATE "C" REFERENCES organisation,
  from_at          timestamptz NOT NULL,
  to_at            timestamptz NOT NULL CHECK (to_at > from_at),
  -- Null: of each request, the one that it was admitted at.
  version          integer REFERENCES price_book_version,
  note             text NOT NULL,
  made_by          text NOT NULL,
  begun_at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE rerating_finished (
  number       bigint PRIMARY KEY REFERENCES rerating,
  finished_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far one is with an organisation's requests; nothing of it is money.
CREATE TABLE rerating_position (
  number           bigint NOT NULL REFERENCES rerating,
  organisation_id  text COLLATE "C" NOT NULL,
  started_at       timestamptz NOT NULL,
  request_id       uuid NOT NULL,
  PRIMARY KEY (number, organisation_id)
);

-- Requests that cost something else since.
CREATE TABLE rerated_usage (
  request_id       uuid NOT NULL,
  number           bigint NOT NULL,
  organisation_id  text COLLATE "C" NOT NULL,
  from_version     integer NOT NULL,
  to_version       integer NOT NULL,
  before_nano      amount_nano NOT NULL,
  after_nano       amount_nano NOT NULL,
  -- What the customer is to pay more (or, below zero, less) than before.
  charged_nano     bigint NOT NULL,
  PRIMARY KEY (request_id, number)
);
CREATE INDEX rerated_usage_by_organisation ON rerated_usage (number, organisation_id);

-- An organisation's adjustments, once they are in the ledger: by the days of its requests, for invoices. What could not be
-- collected, or was set off against that, is in a row without a model.
CREATE TABLE rerated_organisation (
  number           bigint NOT NULL REFERENCES rerating,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  requests         bigint NOT NULL,
  -- What the customer was to pay more, and what it did (less than zero: got back).
  charged_nano     bigint NOT NULL,
  settled_nano     bigint NOT NULL,
  -- What it got back as credits.
  block_id         text COLLATE "C" REFERENCES credit_block,
  posted_at        timestamptz NOT NULL,
  PRIMARY KEY (number, organisation_id)
);
CREATE INDEX rerated_organisation_by_id ON rerated_organisation (organisation_id);
CREATE TABLE rerated_day (
  number           bigint NOT NULL,
  organisation_id  text COLLATE "C" NOT NULL,
  day              timestamptz NOT NULL,
  model            text COLLATE "C" NOT NULL,
  tier             text COLLATE "C" NOT NULL,
  requests         bigint NOT NULL,
  cost_nano        bigint NOT NULL,
  charged_nano     bigint NOT NULL,
  PRIMARY KEY (organisation_id, number, day, model, tier)
);
CREATE TABLE rerating_transfer (
  transfer_id      text COLLATE "C" PRIMARY KEY,
  number           bigint NOT NULL,
  organisation_id  text COLLATE "C" NOT NULL
);
CREATE TABLE invoice_rerated_day (
  organisation_id  text COLLATE "C" NOT NULL,
  number           bigint NOT NULL,
  day              timestamptz NOT NULL,
  model            text COLLATE "C" NOT NULL,
  tier             text COLLATE "C" NOT NULL,
  invoice_id       text COLLATE "C" NOT NULL REFERENCES invoice,
  PRIMARY KEY (organisation_id, number, day, model, tier)
);
CREATE INDEX invoice_rerated_day_by_invoice ON invoice_rerated_day (invoice_id);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['rerating', 'rerating_finished', 'rerated_usage', 'rerated_organisation', 'rerated_day',
    'rerating_transfer', 'invoice_rerated_day']
  LOOP
    EXECUTE format('CREATE TRIGGER %1$s_is_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON %1$s
      FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()', name);
    EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER %1$s_is_immutable', name);
  END LOOP;
END $$;
