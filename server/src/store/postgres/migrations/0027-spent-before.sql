-- A budget that is set in the middle of a window begins with what was spent in it before: no usage row names this window for
-- that, so it is kept beside the limit, and limit_nano - balance_nano - before_nano is what such rows add up to.
ALTER TABLE budget_window ADD COLUMN before_nano amount_nano NOT NULL DEFAULT 0;
