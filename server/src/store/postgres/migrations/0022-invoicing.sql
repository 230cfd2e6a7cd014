-- Invoices that are made by themselves: which months of which organisations are done, and which gateways may still have
-- something to settle.

-- It has left properly: all that it had settled is here.
ALTER TABLE gateway ADD COLUMN left_at timestamptz;

-- A month of an organisation is done once. `nothing`: there was nothing to bill.
CREATE TABLE invoicing (
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  period_from      timestamptz NOT NULL,
  state            text NOT NULL CHECK (state IN ('drafted', 'final', 'nothing')),
  invoice_id       text COLLATE "C" REFERENCES invoice,
  done_at          timestamptz NOT NULL,
  PRIMARY KEY (organisation_id, period_from)
);
