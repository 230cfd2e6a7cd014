-- What has been paid of what is owed, for the invoices that ask for it: the one that it is meant for first, then the oldest.
-- No more stays open than is owed.
CREATE FUNCTION ledger_invoices_paid(of_organisation text, source text, paid bigint, meant_for text, at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  i record;
  owed bigint;
  rest bigint;
  part bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM invoice WHERE organisation_id = of_organisation AND due_nano > 0) THEN
    RETURN;
  END IF;
  SELECT greatest(-balance_nano, 0) INTO owed FROM account WHERE id = 'receivable:' || of_organisation;
  SELECT greatest(paid, sum(open_nano) - coalesce(owed, 0)) INTO rest FROM invoice_open
    WHERE organisation_id = of_organisation;
  FOR i IN
    SELECT invoice_id, open_nano FROM invoice_open WHERE organisation_id = of_organisation AND open_nano > 0
      ORDER BY invoice_id = meant_for DESC, finalised_at, invoice_id
  LOOP
    part := least(i.open_nano, rest);
    EXIT WHEN part <= 0;
    INSERT INTO invoice_payment (invoice_id, source_id, amount_nano, created_at) VALUES (i.invoice_id, source, part, at);
    rest := rest - part;
  END LOOP;
END $$;
