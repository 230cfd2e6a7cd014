-- What an invoice asks for and what tax it has are in the ledger, and what was paid of it is known. Invoices that were final
-- before have neither: both columns are null there.

ALTER TABLE invoice ADD COLUMN due_nano bigint;
-- Also what is contained in the total of a statement; below zero on a credit note.
ALTER TABLE invoice ADD COLUMN tax_cents bigint;
CREATE INDEX invoice_with_due ON invoice (organisation_id, finalised_at) WHERE due_nano > 0;

-- What has paid what is owed has paid the invoices that ask for it: a row for each block of credit, or movement of one, whose
-- money it was.
CREATE TABLE invoice_payment (
  invoice_id   text COLLATE "C" NOT NULL REFERENCES invoice,
  source_id    text COLLATE "C" NOT NULL,
  amount_nano  amount_nano NOT NULL CHECK (amount_nano > 0),
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (invoice_id, source_id)
);
CREATE TRIGGER invoice_payment_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_payment FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();
ALTER TABLE invoice_payment ENABLE ALWAYS TRIGGER invoice_payment_is_immutable;

INSERT INTO account (id, kind) VALUES ('revenue:items', 'revenue'), ('revenue:tax', 'revenue') ON CONFLICT (id) DO NOTHING;

CREATE VIEW invoice_open AS
  SELECT i.id AS invoice_id, i.organisation_id, i.number, i.finalised_at, i.due_nano,
      i.due_nano - coalesce((SELECT sum(amount_nano::bigint) FROM invoice_payment AS p WHERE p.invoice_id = i.id), 0)::bigint
        AS open_nano
    FROM invoice AS i WHERE i.due_nano > 0;
