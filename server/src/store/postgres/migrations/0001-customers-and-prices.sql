-- Who the customers are and what models cost. Ids are text, made by the caller.

CREATE TABLE organisation (
  id          text COLLATE "C" PRIMARY KEY,
  name        text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE project (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  name             text NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX project_by_organisation ON project (organisation_id);

-- A key itself is stored nowhere: `hash` is its SHA-256 in base64url, `redacted` what may be shown of it.
CREATE TABLE api_key (
  id          text COLLATE "C" PRIMARY KEY,
  project_id  text COLLATE "C" NOT NULL REFERENCES project,
  name        text NOT NULL,
  hash        text COLLATE "C" NOT NULL UNIQUE,
  redacted    text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  revoked_at  timestamptz
);
CREATE INDEX api_key_by_project ON api_key (project_id);

CREATE TABLE price_book_version (
  version     integer PRIMARY KEY CHECK (version > 0),
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- Nano-dollars per 1,000,000 tokens of each bucket.
CREATE TABLE price (
  version         integer NOT NULL REFERENCES price_book_version,
  model           text COLLATE "C" NOT NULL,
  input           bigint NOT NULL CHECK (input >= 0),
  cache_read      bigint NOT NULL CHECK (cache_read >= 0),
  cache_write_5m  bigint NOT NULL CHECK (cache_write_5m >= 0),
  cache_write_1h  bigint NOT NULL CHECK (cache_write_1h >= 0),
  output          bigint NOT NULL CHECK (output >= 0),
  reasoning       bigint NOT NULL CHECK (reasoning >= 0),
  PRIMARY KEY (version, model)
);

-- What gateways hold in memory has this version. Every change that they must see updates the one row in its own
-- transaction; the row's lock makes such changes commit in the order of their versions.
CREATE TABLE snapshot_version (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version   bigint NOT NULL
);
INSERT INTO snapshot_version (version) VALUES (1);

CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of "%" are never changed or deleted; record a reversal instead', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;

-- ALWAYS: superusers and replication roles are bound too. Statement level: costs nothing on INSERT.
CREATE TRIGGER price_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON price FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE price ENABLE ALWAYS TRIGGER price_is_immutable;
CREATE TRIGGER price_book_version_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON price_book_version FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE price_book_version ENABLE ALWAYS TRIGGER price_book_version_is_immutable;
