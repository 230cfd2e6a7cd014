-- Near the end of a customer's credit, gateways ask each other for what they do not need.

-- A lease is of an account, which need not be a customer's credits.
ALTER TABLE lease RENAME COLUMN organisation_id TO account_id;
UPDATE lease SET account_id = 'credits:' || account_id;
CREATE INDEX lease_by_account ON lease (account_id);

-- Recalls of an account's leases are counted. A gateway writes into its lease's row up to which one it has given back what
-- it had to spare: who asked knows when everybody has answered.
ALTER TABLE lease ADD COLUMN recall_no bigint NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN recall_no bigint NOT NULL DEFAULT 0, ADD COLUMN recalled_at timestamptz;
