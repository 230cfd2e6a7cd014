-- Versions of price books that were scheduled and are not to be: called off before they began, by whom and why. A version
-- itself never changes.

CREATE TABLE price_version_called_off (
  version  integer PRIMARY KEY REFERENCES price_book_version,
  by_whom  text NOT NULL,
  reason   text NOT NULL,
  at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER price_version_called_off_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON price_version_called_off FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE price_version_called_off ENABLE ALWAYS TRIGGER price_version_called_off_is_immutable;

ALTER TABLE price_draft DROP CONSTRAINT price_draft_state_check;
ALTER TABLE price_draft ADD CONSTRAINT price_draft_state_check
  CHECK (state IN ('draft', 'approved', 'scheduled', 'discarded', 'called-off'));
