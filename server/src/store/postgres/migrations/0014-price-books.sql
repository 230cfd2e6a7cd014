-- Price books: several, each a row of dated, immutable versions; drafts that become versions; whose book is whose; and what
-- projects have consented to. Times are when a thing begins to hold: it holds until the next one of its kind begins.

CREATE TABLE price_book (
  id                 text COLLATE "C" PRIMARY KEY,
  name               text NOT NULL,
  -- A book of a contract: the versions of another one, under rules.
  base               text COLLATE "C" REFERENCES price_book,
  approval_required  boolean NOT NULL DEFAULT false,
  created_at         timestamptz NOT NULL DEFAULT now()
);
INSERT INTO price_book (id, name) VALUES ('default', 'List prices');

ALTER TABLE price_book_version
  ADD COLUMN book_id text COLLATE "C" NOT NULL DEFAULT 'default' REFERENCES price_book,
  ADD COLUMN effective_from timestamptz,
  -- `configuration` (published at a start), `draft` (scheduled by a person) or `base` (made of the base book's).
  ADD COLUMN source text NOT NULL DEFAULT 'configuration',
  ADD COLUMN made_of integer REFERENCES price_book_version,
  ADD COLUMN note text NOT NULL DEFAULT '',
  ADD COLUMN scheduled_by text NOT NULL DEFAULT '';
ALTER TABLE price_book_version DISABLE TRIGGER price_book_version_is_immutable;
UPDATE price_book_version SET effective_from = created_at;
ALTER TABLE price_book_version ENABLE ALWAYS TRIGGER price_book_version_is_immutable;
ALTER TABLE price_book_version
  ALTER COLUMN effective_from SET NOT NULL,
  ALTER COLUMN effective_from SET DEFAULT now();
CREATE INDEX price_book_version_by_book ON price_book_version (book_id, effective_from, version);

ALTER TABLE price ADD COLUMN tier text COLLATE "C" NOT NULL DEFAULT 'standard';
ALTER TABLE price DROP CONSTRAINT price_pkey, ADD PRIMARY KEY (version, model, tier);

-- Rules of a book with a base, as JSON: domain/pricing/price-rules.ts.
CREATE TABLE price_book_rules (
  book_id         text COLLATE "C" NOT NULL REFERENCES price_book,
  effective_from  timestamptz NOT NULL,
  rules           jsonb NOT NULL,
  made_by         text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (book_id, effective_from, created_at)
);
CREATE TABLE organisation_price_book (
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  effective_from   timestamptz NOT NULL,
  book_id          text COLLATE "C" NOT NULL REFERENCES price_book,
  made_by          text NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organisation_id, effective_from, created_at)
);

CREATE TABLE price_draft (
  id              text COLLATE "C" PRIMARY KEY,
  book_id         text COLLATE "C" NOT NULL REFERENCES price_book,
  state           text NOT NULL CHECK (state IN ('draft', 'approved', 'scheduled', 'discarded')),
  -- The prices as JSON, in nano-dollars as text.
  models          jsonb NOT NULL,
  withdrawn       text[] NOT NULL,
  note            text NOT NULL,
  made_by         text NOT NULL,
  approved_by     text,
  version         integer REFERENCES price_book_version,
  created_at      timestamptz NOT NULL DEFAULT now(),
  changed_at      timestamptz NOT NULL DEFAULT now()
);

-- Who agreed to what, when; the last one of a project counts.
CREATE TABLE data_use_consent (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id    text COLLATE "C" NOT NULL REFERENCES project,
  kind          text NOT NULL CHECK (kind IN ('granted', 'revoked')),
  text_version  text NOT NULL,
  by_whom       text NOT NULL,
  at            timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX data_use_consent_by_project ON data_use_consent (project_id, id);

CREATE TRIGGER price_book_rules_are_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON price_book_rules FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE price_book_rules ENABLE ALWAYS TRIGGER price_book_rules_are_immutable;
CREATE TRIGGER organisation_price_book_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON organisation_price_book FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE organisation_price_book ENABLE ALWAYS TRIGGER organisation_price_book_is_immutable;
CREATE TRIGGER data_use_consent_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON data_use_consent FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE data_use_consent ENABLE ALWAYS TRIGGER data_use_consent_is_immutable;
