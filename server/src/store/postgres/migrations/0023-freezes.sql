-- Organisations, projects and keys that are stopped: by whom and why, and by whom and why not any more.
CREATE TABLE account_freeze (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  scope            text NOT NULL CHECK (scope IN ('organisation', 'project', 'key')),
  subject          text COLLATE "C" NOT NULL,
  reason           text NOT NULL,
  frozen_by        text NOT NULL,
  -- Running answers end with their next token.
  ends_running     boolean NOT NULL,
  frozen_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  thawed_at        timestamptz,
  thawed_by        text,
  thaw_reason      text
);
CREATE UNIQUE INDEX account_freeze_in_force ON account_freeze (scope, subject) WHERE thawed_at IS NULL;
CREATE INDEX account_freeze_by_organisation ON account_freeze (organisation_id, frozen_at);
CREATE TRIGGER account_freeze_stays BEFORE DELETE OR TRUNCATE ON account_freeze FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE account_freeze ENABLE ALWAYS TRIGGER account_freeze_stays;

-- What stops an organisation's keys by itself: nothing, a debt beyond its limit, or every chargeback. In the place of
-- `freezes`, which stays for servers of the version before that still run.
ALTER TABLE credit_position
  ADD COLUMN freezes_on text NOT NULL DEFAULT 'debt' CHECK (freezes_on IN ('never', 'debt', 'chargeback'));
UPDATE credit_position SET freezes_on = 'never' WHERE NOT freezes;
