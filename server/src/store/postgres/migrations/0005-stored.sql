-- What is kept between requests. Everything belongs to one project, expires, and is counted in bytes.

-- `body` is the object as its client sees it without its `output`; `input` and `output` are JSON lists of items. They are
-- text and not jsonb: JSON may hold characters that jsonb refuses, and nobody looks into them here.
CREATE TABLE stored_answer (
  id               text COLLATE "C" PRIMARY KEY,
  kind             text NOT NULL CHECK (kind IN ('response', 'chat-completion')),
  organisation_id  text COLLATE "C" NOT NULL,
  project_id       text COLLATE "C" NOT NULL,
  model            text NOT NULL,
  status           text NOT NULL
    CHECK (status IN ('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled')),
  background       boolean NOT NULL,
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  form             smallint NOT NULL,
  body             text NOT NULL,
  input            text NOT NULL,
  output           text NOT NULL,
  metadata         jsonb NOT NULL,
  previous_id      text COLLATE "C",
  conversation_id  text COLLATE "C",
  bytes            bigint NOT NULL,
  -- Of one that runs: which start of which gateway runs it, and whether somebody wants it to end.
  gateway_id       text COLLATE "C",
  epoch            bigint,
  cancel_asked     boolean NOT NULL DEFAULT false
);
-- Lists of chat completions.
CREATE INDEX stored_answer_by_project ON stored_answer (project_id, kind, created_at, id);
CREATE INDEX stored_answer_by_expiry ON stored_answer (expires_at);
-- What a later response goes on from lives as long as that one.
CREATE INDEX stored_answer_by_previous ON stored_answer (previous_id) WHERE previous_id IS NOT NULL;
CREATE INDEX stored_answer_running ON stored_answer (gateway_id)
  WHERE status IN ('queued', 'in_progress');

-- The events of an answer in the background, as they were sent; `number` counts from 0 without gaps.
CREATE TABLE stored_event (
  answer_id        text COLLATE "C" NOT NULL REFERENCES stored_answer ON DELETE CASCADE,
  number           integer NOT NULL,
  organisation_id  text COLLATE "C" NOT NULL,
  project_id       text COLLATE "C" NOT NULL,
  event            text NOT NULL,
  bytes            bigint NOT NULL,
  PRIMARY KEY (answer_id, number)
);

CREATE TABLE conversation (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL,
  project_id       text COLLATE "C" NOT NULL,
  created_at       timestamptz NOT NULL,
  -- Counted from its last use.
  expires_at       timestamptz NOT NULL,
  metadata         jsonb NOT NULL,
  bytes            bigint NOT NULL,
  -- How many items it ever had.
  next_position    bigint NOT NULL
);
CREATE INDEX conversation_by_expiry ON conversation (expires_at);

CREATE TABLE conversation_item (
  conversation_id  text COLLATE "C" NOT NULL REFERENCES conversation ON DELETE CASCADE,
  position         bigint NOT NULL,
  id               text COLLATE "C" NOT NULL,
  organisation_id  text COLLATE "C" NOT NULL,
  project_id       text COLLATE "C" NOT NULL,
  form             smallint NOT NULL,
  item             text NOT NULL,
  bytes            bigint NOT NULL,
  PRIMARY KEY (conversation_id, position)
);
-- Clients choose ids, and may choose one twice.
CREATE INDEX conversation_item_by_id ON conversation_item (conversation_id, id);

-- How much each project keeps, exactly: the triggers below count in the transaction that writes or deletes.
CREATE TABLE stored_bytes (
  project_id       text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL,
  bytes            bigint NOT NULL
);
CREATE INDEX stored_bytes_by_organisation ON stored_bytes (organisation_id);

CREATE FUNCTION count_stored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stored_bytes AS s (project_id, organisation_id, bytes)
    SELECT c.project_id, c.organisation_id, sum(c.bytes) FROM changed AS c
      GROUP BY c.project_id, c.organisation_id ORDER BY c.project_id
    ON CONFLICT (project_id) DO UPDATE SET bytes = s.bytes + excluded.bytes;
  RETURN NULL;
END $$;

CREATE FUNCTION uncount_stored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stored_bytes AS s (project_id, organisation_id, bytes)
    SELECT c.project_id, c.organisation_id, -sum(c.bytes) FROM changed AS c
      GROUP BY c.project_id, c.organisation_id ORDER BY c.project_id
    ON CONFLICT (project_id) DO UPDATE SET bytes = s.bytes + excluded.bytes;
  RETURN NULL;
END $$;

CREATE FUNCTION recount_stored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE stored_bytes AS s SET bytes = s.bytes + c.more
    FROM (SELECT n.project_id, sum(n.bytes) - (SELECT sum(o.bytes) FROM before AS o WHERE o.project_id = n.project_id) AS more
            FROM changed AS n GROUP BY n.project_id ORDER BY n.project_id) AS c
    WHERE s.project_id = c.project_id AND c.more <> 0;
  RETURN NULL;
END $$;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['stored_answer', 'stored_event', 'conversation', 'conversation_item'] LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION count_stored()', t || '_counted', t);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION uncount_stored()', t || '_uncounted', t);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS before NEW TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION recount_stored()', t || '_recounted', t);
  END LOOP;
END $$;
