-- What an engine reported and what passed through the gateway, beside what was billed. Rows of before have neither.
ALTER TABLE usage
  ADD COLUMN engine_input    bigint,
  ADD COLUMN engine_output   bigint,
  ADD COLUMN gateway_pieces  bigint,
  ADD COLUMN gateway_bytes   bigint,
  -- 'impossible', 'shrinking', 'absent', 'short', with a space between them.
  ADD COLUMN doubts          text;
-- Rows come in about the order of time: the last days are found without an index on each row.
CREATE INDEX usage_by_time ON usage USING brin (started_at) WITH (pages_per_range = 32, autosummarize = on);

-- What was looked at in an hour, once, by whichever server was first.
CREATE TABLE reconciliation_run (
  hour          timestamptz PRIMARY KEY,
  started_at    timestamptz NOT NULL,
  ended_at      timestamptz,
  -- Whether the whole ledger was added up, or only what is cheap.
  whole         boolean NOT NULL,
  checks        integer,
  differences   integer,
  -- Why it could not be done.
  failure       text
);

-- A difference, from when it was first found until it is found no more. Each time that it comes back is an episode.
CREATE TABLE reconciliation_difference (
  -- Of the check and whom it is about, without the amounts: they change while money goes on moving.
  key            text COLLATE "C" PRIMARY KEY,
  check_name     text NOT NULL,
  detail         text NOT NULL,
  episodes       integer NOT NULL DEFAULT 1,
  first_seen_at  timestamptz NOT NULL,
  last_seen_at   timestamptz NOT NULL,
  resolved_at    timestamptz
);
CREATE INDEX reconciliation_difference_open ON reconciliation_difference (check_name) WHERE resolved_at IS NULL;
CREATE INDEX usage_doubtful ON usage (started_at) WHERE doubts IS NOT NULL;
