-- A budget that each end user of a project has for himself: a window is opened with his first request, and cleared away
-- after it has ended.
ALTER TABLE budget DROP CONSTRAINT budget_scope_check;
ALTER TABLE budget ADD CONSTRAINT budget_scope_check
  CHECK (scope IN ('organisation', 'project', 'key', 'end-user', 'each-end-user'));

-- What was spent in windows that are cleared away, all end users of one window together.
CREATE TABLE budget_window_swept (
  -- `budget:<budget>:<window>`.
  window_id   text COLLATE "C" PRIMARY KEY,
  budget_id   text COLLATE "C" NOT NULL REFERENCES budget,
  windows     bigint NOT NULL,
  spent_nano  numeric NOT NULL
);
