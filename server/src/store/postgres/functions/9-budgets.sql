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
      -- Of each end user nobody wants to be told.
      WHERE w.account_id = window_id AND b.scope <> 'each-end-user' AND b.removed_at IS NULL AND s.spent >= t.from_nano AND s.spent > 0
    ON CONFLICT (account_id, threshold) DO NOTHING;
END $$;

-- Sets, changes or (with no amounts) removes the budget of one subject for one period; in force in its windows at once, and
-- other gateways give back what they have leased of them. Returns the budget's id.
CREATE FUNCTION budget_set(
  new_id text, of_organisation text, of_scope text, of_subject text, of_period text, new_limit bigint, new_alert bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  existing text;
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
  -- As many windows as end users, perhaps: locked in the order of ids, changed together, and told to whoever has leased of them.
  PERFORM FROM account WHERE id IN (SELECT account_id FROM budget_window WHERE budget_id = existing)
    ORDER BY id FOR UPDATE;
  UPDATE account AS a
    SET balance_nano = balance_nano + coalesce(new_limit, 4000000000000000000) - w.limit_nano,
      recall_no = recall_no + 1, recalled_at = clock_timestamp()
    FROM budget_window AS w WHERE w.budget_id = existing AND a.id = w.account_id;
  UPDATE budget_window SET limit_nano = coalesce(new_limit, 4000000000000000000) WHERE budget_id = existing;
  PERFORM pg_notify('turnpike_recall', a.recall_no || ' ' || a.id)
    FROM budget_window AS w JOIN account AS a ON a.id = w.account_id
    WHERE w.budget_id = existing AND EXISTS (SELECT FROM lease AS l WHERE l.account_id = a.id);
  RETURN existing;
END $$;

-- The window in which a budget is set begins with what its subject was charged in it before; what is running at that moment is
-- not among that. One sum over usage, in the transaction that sets the budget and before any gateway knows of it.
CREATE FUNCTION budget_begin(of_budget text, window_id text, starts_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  before bigint;
BEGIN
  SELECT coalesce(sum(u.charged_nano::bigint), 0) INTO before
    FROM budget AS b JOIN usage AS u ON u.organisation_id = b.organisation_id AND u.started_at >= starts_at
      AND CASE b.scope
        WHEN 'organisation' THEN true
        WHEN 'project' THEN u.project_id = b.subject
        WHEN 'key' THEN u.key_id = b.subject
        WHEN 'end-user' THEN u.end_user = b.subject
        ELSE false END
    WHERE b.id = of_budget;
  IF before > 0 THEN
    PERFORM budget_open(window_id);
    UPDATE account SET balance_nano = balance_nano - before WHERE id = window_id;
    UPDATE budget_window SET before_nano = before WHERE account_id = window_id;
  END IF;
END $$;

-- Clears away windows of end users a day after they have ended: what was spent in them stays, one sum for all of them.
-- Whatever is still set aside in one keeps it; a charge that comes later opens it again.
CREATE FUNCTION budget_sweep(at timestamptz, windows_max integer) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ended text[];
BEGIN
  SELECT array_agg(id) INTO ended FROM (
    SELECT a.id
      FROM budget AS b JOIN budget_window AS w ON w.budget_id = b.id JOIN account AS a ON a.id = w.account_id
      WHERE b.scope = 'each-end-user' AND a.held_nano = 0
        AND split_part(w.account_id, ':', 3)::timestamp AT TIME ZONE 'UTC' + interval '1 day'
          + CASE b.period WHEN 'daily' THEN interval '1 day' WHEN 'weekly' THEN interval '7 days' ELSE interval '1 month' END
          < at
      ORDER BY a.id LIMIT windows_max FOR UPDATE OF a SKIP LOCKED) AS w;
  IF ended IS NULL THEN
    RETURN 0;
  END IF;
  INSERT INTO budget_window_swept AS s (budget_id, window_id, windows, spent_nano)
    SELECT w.budget_id, 'budget:' || w.budget_id || ':' || split_part(w.account_id, ':', 3), count(*),
        sum(w.limit_nano - a.balance_nano)
      FROM budget_window AS w JOIN account AS a ON a.id = w.account_id WHERE w.account_id = ANY (ended)
      GROUP BY 1, 2
    ON CONFLICT (window_id) DO UPDATE SET windows = s.windows + excluded.windows, spent_nano = s.spent_nano + excluded.spent_nano;
  DELETE FROM budget_window WHERE account_id = ANY (ended);
  DELETE FROM account WHERE id = ANY (ended);
  RETURN cardinality(ended);
END $$;
