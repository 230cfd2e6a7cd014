-- Plans by the month. A version never changes; a cycle is granted once, by the primary key of its row.

CREATE TABLE plan_version (
  plan_id       text COLLATE "C" NOT NULL,
  version       integer NOT NULL CHECK (version > 0),
  name          text NOT NULL,
  currency      text NOT NULL CHECK (currency = 'usd'),
  price_minor   bigint NOT NULL CHECK (price_minor >= 0),
  credits_nano  amount_nano NOT NULL,
  rollover      text NOT NULL CHECK (rollover IN ('none', 'one-cycle', 'forever')),
  tier          text,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (plan_id, version)
);
CREATE TRIGGER plan_version_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_version FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE plan_version ENABLE ALWAYS TRIGGER plan_version_is_immutable;

CREATE TABLE subscription (
  id                    text COLLATE "C" PRIMARY KEY,
  organisation_id       text COLLATE "C" NOT NULL REFERENCES organisation,
  -- What it was asked for with: the same id with another plan is a conflict, whatever it was changed to since.
  asked_plan_id         text COLLATE "C" NOT NULL,
  plan_id               text COLLATE "C" NOT NULL,
  version               integer NOT NULL,
  anchor_at             timestamptz NOT NULL,
  cycle                 integer NOT NULL DEFAULT 0,
  -- Steps of the cycle that runs: 0 is its beginning, each upgrade is one more.
  step                  integer NOT NULL DEFAULT 0,
  next_at               timestamptz NOT NULL,
  next_plan_id          text COLLATE "C",
  cancel_at_period_end  boolean NOT NULL DEFAULT false,
  ended                 boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX subscription_one_of_a_plan ON subscription (organisation_id, plan_id) WHERE NOT ended;
CREATE INDEX subscription_due ON subscription (next_at) WHERE NOT ended;

-- What each cycle, and each upgrade within one, granted and costs. Never changed: what was paid is a row of its own.
CREATE TABLE amount_due (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL,
  subscription_id  text COLLATE "C" NOT NULL REFERENCES subscription,
  cycle            integer NOT NULL,
  step             integer NOT NULL,
  plan_id          text COLLATE "C" NOT NULL,
  version          integer NOT NULL,
  currency         text NOT NULL,
  amount_minor     bigint NOT NULL CHECK (amount_minor >= 0),
  granted_nano     amount_nano NOT NULL,
  starts_at        timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  created_at       timestamptz NOT NULL,
  UNIQUE (subscription_id, cycle, step),
  FOREIGN KEY (plan_id, version) REFERENCES plan_version
);
CREATE INDEX amount_due_by_organisation ON amount_due (organisation_id, created_at);
CREATE TRIGGER amount_due_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON amount_due FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE amount_due ENABLE ALWAYS TRIGGER amount_due_is_immutable;

CREATE TABLE amount_due_paid (
  due_id    text COLLATE "C" PRIMARY KEY REFERENCES amount_due,
  provider  text COLLATE "C" NOT NULL,
  paid_at   timestamptz NOT NULL
);
CREATE TRIGGER amount_due_paid_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON amount_due_paid FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE amount_due_paid ENABLE ALWAYS TRIGGER amount_due_paid_is_immutable;
