-- Budgets: what an organisation, a project, a key or an end user may spend in a day, a week, a month (UTC) or at all. A hard
-- limit is never exceeded; an alert is told once in a window, and stops nobody.
CREATE TABLE budget (
  id                text COLLATE "C" PRIMARY KEY,
  organisation_id   text COLLATE "C" NOT NULL REFERENCES organisation,
  scope             text NOT NULL CHECK (scope IN ('organisation', 'project', 'key', 'end-user')),
  -- The organisation, the project, the key, or what the organisation calls its end user.
  subject           text COLLATE "C" NOT NULL,
  period            text NOT NULL CHECK (period IN ('daily', 'weekly', 'monthly', 'total')),
  hard_limit_nano   amount_nano,
  alert_nano        amount_nano,
  created_at        timestamptz NOT NULL DEFAULT now(),
  -- Requests that were admitted before are still charged in its windows.
  removed_at        timestamptz
);
CREATE UNIQUE INDEX budget_in_force ON budget (organisation_id, scope, subject, period) WHERE removed_at IS NULL;

-- A window is an account of the kind 'budget', with what may still be spent in it as its balance: holds, leases and recalls
-- know no difference. It is no part of the double entry. `limit_nano` is what its balance began with, and was moved by since;
-- so limit_nano - balance_nano is what was spent.
CREATE TABLE budget_window (
  account_id  text COLLATE "C" PRIMARY KEY,
  budget_id   text COLLATE "C" NOT NULL REFERENCES budget,
  limit_nano  amount_nano NOT NULL
);
CREATE INDEX budget_window_of ON budget_window (budget_id);

-- To be told to somebody: once in a window for each threshold.
CREATE TABLE budget_event (
  account_id   text COLLATE "C" NOT NULL,
  -- '50%', '80%', '100%' of the hard limit, or 'alert'.
  threshold    text NOT NULL,
  spent_nano   amount_nano NOT NULL,
  occurred_at  timestamptz NOT NULL DEFAULT now(),
  sent_at      timestamptz,
  PRIMARY KEY (account_id, threshold)
);

-- The windows that a request was charged in, and that a hold is for.
ALTER TABLE usage ADD COLUMN budgets text[];
ALTER TABLE hold ADD COLUMN budgets text[];
