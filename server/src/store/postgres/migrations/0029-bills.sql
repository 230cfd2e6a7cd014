-- Bills: what is due for plans and what invoices ask for, paid by card, by a checkout or by a wire. What a plan grants is
-- granted when it is paid.

ALTER TABLE plan_version ADD COLUMN when_unpaid text NOT NULL DEFAULT 'end' CHECK (when_unpaid IN ('end', 'keep'));
-- Of an upgrade: what it takes back of which block when it is paid.
ALTER TABLE amount_due ADD COLUMN takes_from text COLLATE "C";
ALTER TABLE amount_due ADD COLUMN take_back_nano amount_nano NOT NULL DEFAULT 0;

-- One row for each. Those of a cycle that is over, or of an upgrade that another has followed, are void; what is due and has
-- no row was granted before there were bills.
CREATE TABLE bill (
  -- `due:<id>` or `invoice:<id>`.
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  state            text NOT NULL CHECK (state IN ('open', 'paid', 'given-up', 'void')),
  -- In a row; the first of them begins the days of the others.
  declines         integer NOT NULL DEFAULT 0,
  first_declined_at timestamptz,
  -- When the saved card is charged; null: not by itself.
  next_at          timestamptz,
  created_at       timestamptz NOT NULL
);
CREATE INDEX bill_to_charge ON bill (next_at) WHERE state = 'open';
CREATE INDEX bill_by_organisation ON bill (organisation_id) WHERE state = 'open';

ALTER TABLE top_up ADD COLUMN pays text COLLATE "C" REFERENCES bill;
ALTER TABLE top_up DROP CONSTRAINT top_up_origin_check;
ALTER TABLE top_up ADD CONSTRAINT top_up_origin_check CHECK (origin IN ('checkout', 'wire', 'auto-reload', 'bill'));
-- I14: at most one automatic charge of a bill is with a provider, whoever tries.
CREATE UNIQUE INDEX one_charge_of_a_bill ON top_up (pays) WHERE origin = 'bill' AND state IN ('created', 'open', 'paid');
CREATE INDEX top_up_by_bill ON top_up (pays) WHERE pays IS NOT NULL;

-- What was paid for a plan leaves the payment's block at once.
ALTER TABLE credit_movement DROP CONSTRAINT credit_movement_kind_check;
ALTER TABLE credit_movement ADD CONSTRAINT credit_movement_kind_check
  CHECK (kind IN ('debt', 'due', 'expire', 'reverse', 'take-back', 'line-back'));
