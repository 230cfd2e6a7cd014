-- Windows of budgets. Their ids are `budget:<budget>:<window>`; they are opened by whoever needs them first.
CREATE FUNCTION budget_open(window_id text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  limit_of bigint;
BEGIN
  PERFORM FROM account WHERE id = window_id;
  IF FOUND THEN
    RETURN;
  END IF;
  -- Locked, so that a change of the limit finds this window or is found by it. Without a limit, or removed: all there is.
  SELECT CASE WHEN removed_at IS NULL THEN hard_limit_nano END INTO limit_of
    FROM budget WHERE id = split_part(window_id, ':', 2) FOR SHARE;
  IF FOUND THEN
    limit_of := coalesce(limit_of, 4000000000000000000);
    INSERT INTO account (id, kind, balance_nano) VALUES (window_id, 'budget', limit_of) ON CONFLICT (id) DO NOTHING;
    INSERT INTO budget_window (account_id, budget_id, limit_nano)
      VALUES (window_id, split_part(window_id, ':', 2), limit_of) ON CONFLICT (account_id) DO NOTHING;
  END IF;
END $$;

-- After something was charged in a window: the thresholds that it has crossed, each once.
CREATE FUNCTION budget_note(window_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO budget_event (account_id, threshold, spent_nano)
    SELECT window_id, t.threshold, s.spent
      FROM budget_window AS w
      JOIN account AS a ON a.id = w.account_id
      JOIN budget AS b ON b.id = w.budget_id
      CROSS JOIN LATERAL (SELECT w.limit_nano - a.balance_nano AS spent) AS s
      CROSS JOIN LATERAL (VALUES
        ('50%', b.hard_limit_nano::numeric * 0.5), ('80%', b.hard_limit_nano::numeric * 0.8),
        ('100%', b.hard_limit_nano::numeric), ('alert', b.alert_nano::numeric)) AS t (threshold, from_nano)
      WHERE w.account_id = window_id AND b.removed_at IS NULL AND s.spent >= t.from_nano AND s.spent > 0
    ON CONFLICT (account_id, threshold) DO NOTHING;
END $$;

-- Sets, changes or (with no amounts) removes the budget of one subject for one period; in force in its windows at once, and
-- other gateways give back what they have leased of them. Returns the budget's id.
CREATE FUNCTION budget_set(
  new_id text, of_organisation text, of_scope text, of_subject text, of_period text, new_limit bigint, new_alert bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  existing text;
  w record;
  number bigint;
BEGIN
  PERFORM FROM organisation WHERE id = of_organisation FOR UPDATE; -- one change at a time
  UPDATE budget SET hard_limit_nano = new_limit, alert_nano = new_alert,
      removed_at = CASE WHEN new_limit IS NULL AND new_alert IS NULL THEN now() END
    WHERE organisation_id = of_organisation AND scope = of_scope AND subject = of_subject AND period = of_period
      AND removed_at IS NULL
    RETURNING id INTO existing;
  IF existing IS NULL THEN
    IF new_limit IS NULL AND new_alert IS NULL THEN
      RETURN NULL;
    END IF;
    INSERT INTO budget (id, organisation_id, scope, subject, period, hard_limit_nano, alert_nano)
      VALUES (new_id, of_organisation, of_scope, of_subject, of_period, new_limit, new_alert);
    RETURN new_id;
  END IF;
  FOR w IN SELECT account_id FROM budget_window WHERE budget_id = existing ORDER BY account_id LOOP
    UPDATE account
      SET balance_nano = balance_nano + coalesce(new_limit, 4000000000000000000)
            - (SELECT limit_nano FROM budget_window WHERE account_id = w.account_id),
        recall_no = recall_no + 1, recalled_at = clock_timestamp()
      WHERE id = w.account_id RETURNING recall_no INTO number;
    UPDATE budget_window SET limit_nano = coalesce(new_limit, 4000000000000000000) WHERE account_id = w.account_id;
    PERFORM pg_notify('turnpike_recall', number || ' ' || w.account_id);
  END LOOP;
  RETURN existing;
END $$;
