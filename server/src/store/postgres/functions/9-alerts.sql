-- Alerts. Events of budgets and payments are written by what they are about, in its own transaction; here they become
-- alerts, with a row in the outbox for each of those who hear them.

-- Whether a listener (an endpoint or a recipient) of `owner`, or of the operator where that is null, hears of something.
-- An organisation's listener hears what is its own. The operator's hears what is the operator's, and of what is an
-- organisation's what concerns the operator too; with a list of kinds, those of anybody.
CREATE FUNCTION alert_hears(owner text, kinds text[], of_organisation text, for_operator boolean, of_kind text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN owner IS NOT NULL THEN owner IS NOT DISTINCT FROM of_organisation AND coalesce(of_kind = ANY (kinds), true)
    ELSE coalesce(of_kind = ANY (kinds), of_organisation IS NULL OR for_operator) END
$$;

-- Notes an event once per cause, with its deliveries. Returns its id, or null where it was noted before.
CREATE FUNCTION alert_note(
  new_cause text, new_kind text, of_organisation text, for_operator boolean, new_facts jsonb, at timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  new_id text := 'evt_' || left(encode(sha256(convert_to(new_cause, 'UTF8')), 'hex'), 32);
BEGIN
  INSERT INTO alert_event (cause, id, kind, organisation_id, facts, occurred_at)
    VALUES (new_cause, new_id, new_kind, of_organisation, new_facts, at)
    ON CONFLICT (cause) DO NOTHING;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  -- What an endpoint misses while it is switched off can be delivered later.
  INSERT INTO alert_delivery (event_id, target, state, detail, ended_at)
    SELECT new_id, e.id, CASE WHEN e.disabled_at IS NULL THEN 'pending' ELSE 'failed' END,
        CASE WHEN e.disabled_at IS NOT NULL THEN 'the endpoint is switched off' END,
        CASE WHEN e.disabled_at IS NOT NULL THEN now() END
      FROM alert_endpoint AS e
      WHERE e.removed_at IS NULL
        AND alert_hears(e.organisation_id, e.kinds, of_organisation, for_operator, new_kind);
  INSERT INTO alert_delivery (event_id, target)
    SELECT new_id, 'mail:' || r.address FROM alert_recipient AS r
      WHERE alert_hears(r.organisation_id, r.kinds, of_organisation, for_operator, new_kind)
    UNION
    -- Where nobody was named: whom the bills go to, or else the operator. Somebody must hear of it.
    SELECT new_id, 'mail:' || coalesce((SELECT email FROM billing_details WHERE organisation_id = of_organisation), '')
      WHERE of_organisation IS NOT NULL
        AND NOT EXISTS (SELECT FROM alert_recipient WHERE organisation_id = of_organisation)
    UNION
    SELECT new_id, 'mail:'
      WHERE (of_organisation IS NULL OR for_operator)
        AND NOT EXISTS (SELECT FROM alert_recipient WHERE organisation_id IS NULL);
  RETURN new_id;
END $$;

-- What there is to notice now. One transaction looks at a time; a second one finds the first at it, and is not needed.
-- With `calendar`, also what comes with the days and not with what somebody does.
CREATE FUNCTION alert_look(calendar boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  found integer;
  noted integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('turnpike.alerts')) THEN
    RETURN 0;
  END IF;

  WITH crossed AS (
    UPDATE budget_event AS e SET sent_at = now()
      FROM (SELECT account_id, threshold FROM budget_event WHERE sent_at IS NULL ORDER BY occurred_at LIMIT 200) AS s
      WHERE e.account_id = s.account_id AND e.threshold = s.threshold
      RETURNING e.account_id, e.threshold, e.spent_nano, e.occurred_at
  )
  SELECT count(alert_note(
      'budget:' || c.account_id || ':' || c.threshold, 'budget.threshold_reached', b.organisation_id, false,
      jsonb_build_object(
        'threshold', c.threshold, 'budgetId', b.id, 'scope', b.scope, 'subject', b.subject,
        'subjectName', coalesce(k.name, p.name, o.name, b.subject), 'period', b.period,
        'window', split_part(c.account_id, ':', 3), 'spentNano', c.spent_nano::text,
        'hardLimitNano', b.hard_limit_nano::text, 'alertNano', b.alert_nano::text),
      c.occurred_at))
    INTO found
    FROM crossed AS c
    JOIN budget AS b ON b.id = split_part(c.account_id, ':', 2)
    LEFT JOIN api_key AS k ON b.scope = 'key' AND k.id = b.subject
    LEFT JOIN project AS p ON b.scope = 'project' AND p.id = b.subject
    LEFT JOIN organisation AS o ON b.scope = 'organisation' AND o.id = b.subject;
  noted := noted + found;

  WITH happened AS (
    UPDATE payment_event AS e SET sent_at = now()
      FROM (SELECT number FROM payment_event WHERE sent_at IS NULL ORDER BY number LIMIT 200) AS s
      WHERE e.number = s.number
      RETURNING e.*
  )
  SELECT count(alert_note(
      'payment:' || h.kind || ':' || h.subject, h.alert, CASE h.kind WHEN 'suspect' THEN NULL ELSE h.organisation_id END,
      h.alert = 'payment.disputed',
      jsonb_build_object('organisation', h.organisation_id, 'topUpId', h.top_up_id, 'detail', h.detail), h.at))
    INTO found
    FROM (
      SELECT h.*, CASE h.kind
          WHEN 'credited' THEN 'payment.credited' WHEN 'declined' THEN 'payment.failed'
          WHEN 'suspect' THEN 'payment.suspect' WHEN 'auto-reload-off' THEN 'auto_reload.stopped'
          WHEN 'monthly-cap-reached' THEN 'auto_reload.cap_reached' WHEN 'given-back' THEN 'payment.given_back'
          WHEN 'bill-given-up' THEN 'payment.bill_given_up'
          WHEN 'taken-back' THEN CASE WHEN r.kind = 'dispute' THEN 'payment.disputed' ELSE 'payment.refunded' END
          ELSE 'payment.' || h.kind END AS alert
        FROM happened AS h
        LEFT JOIN payment_reversal AS r ON h.kind = 'taken-back' AND h.subject = r.provider || ' ' || r.id
    ) AS h;
  noted := noted + found;

  UPDATE alert_low_balance AS s SET is_low = false
    FROM account AS a
    WHERE s.is_low AND a.id = 'credits:' || s.organisation_id AND a.balance_nano >= s.below_nano;
  WITH fallen AS (
    UPDATE alert_low_balance AS s SET is_low = true, episodes = episodes + 1
      FROM account AS a
      WHERE NOT s.is_low AND a.id = 'credits:' || s.organisation_id AND a.balance_nano < s.below_nano
      RETURNING s.organisation_id, s.episodes, s.below_nano, a.balance_nano
  )
  SELECT count(alert_note(
      'credit-low:' || organisation_id || ':' || episodes, 'credit.low', organisation_id, false,
      jsonb_build_object('balanceNano', balance_nano::text, 'belowNano', below_nano::text), now()))
    INTO found FROM fallen;
  noted := noted + found;

  IF calendar THEN
    noted := noted + alert_look_at_calendar();
  END IF;
  RETURN noted;
END $$;

-- What expires is told of 30, 7 and 1 days before, but not in the first half of its life: a plan's month of credit is no news
-- a day after it was granted. Whoever looks late tells of the latest only.
CREATE FUNCTION alert_look_at_calendar() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  found integer;
  noted integer := 0;
BEGIN
  SELECT count(alert_note(
      cause, 'credit.expiring', organisation_id, false,
      jsonb_build_object('blockId', id, 'source', source, 'daysLeft', days, 'remainingNano', remaining_nano::text,
        'expiresAt', to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
      now()))
    INTO found
    FROM (
      SELECT *, 'credit-expiring:' || id || ':' || days || 'd' AS cause
        FROM credit_block
        CROSS JOIN LATERAL (
          SELECT CASE WHEN expires_at <= now() + interval '1 day' THEN 1 WHEN expires_at <= now() + interval '7 days' THEN 7
            ELSE 30 END AS days) AS d
        WHERE remaining_nano > 0 AND expires_at > now() AND expires_at <= now() + interval '30 days'
          AND source <> 'credit-line'
          AND expires_at - greatest(created_at, effective_at) >= 2 * days * interval '1 day'
    ) AS b
    WHERE NOT EXISTS (SELECT FROM alert_event AS e WHERE e.cause = b.cause);
  noted := noted + found;

  SELECT count(alert_note(
      cause, 'invoice.issued', organisation_id, false,
      jsonb_build_object('invoiceId', id, 'number', number, 'kind', kind, 'totalCents', total_cents::text,
        'amountDueCents', document::jsonb ->> 'amountDueCents', 'dueOn', document::jsonb ->> 'dueOn'),
      finalised_at))
    INTO found
    FROM (SELECT *, 'invoice-issued:' || id AS cause FROM invoice
            WHERE number IS NOT NULL AND finalised_at > now() - interval '3 days') AS i
    WHERE NOT EXISTS (SELECT FROM alert_event AS e WHERE e.cause = i.cause);
  noted := noted + found;

  SELECT count(alert_note(
      cause, 'invoice.overdue', organisation_id, false,
      jsonb_build_object('invoiceId', id, 'number', number, 'kind', kind, 'totalCents', total_cents::text,
        'amountDueNano', open_nano::text, 'dueOn', due_on),
      now()))
    INTO found
    FROM (
      SELECT i.id, i.number, i.kind, i.total_cents, o.organisation_id, o.open_nano, 'invoice-overdue:' || i.id AS cause,
          i.document::jsonb ->> 'dueOn' AS due_on
        FROM invoice_open AS o JOIN invoice AS i ON i.id = o.invoice_id
        WHERE o.open_nano > 0
    ) AS i
    WHERE due_on::date < (now() AT TIME ZONE 'UTC')::date
      AND NOT EXISTS (SELECT FROM alert_event AS e WHERE e.cause = i.cause);
  noted := noted + found;

  -- Once a day for each engine, model and reason: an engine that never counts is told of every day, and not with each request.
  SELECT count(alert_note(
      cause, 'metering.doubtful', NULL, true,
      jsonb_build_object('engine', engine, 'model', model, 'doubt', doubt, 'requests', requests, 'requestId', request_id),
      now()))
    INTO found
    FROM (
      SELECT engine, model, doubt, count(*) AS requests,
          'req_' || encode(uuid_send((array_agg(request_id ORDER BY started_at))[1]), 'hex') AS request_id,
          format('metering:%s:%s:%s:%s', (started_at AT TIME ZONE 'UTC')::date, engine, model, doubt) AS cause
        FROM usage CROSS JOIN LATERAL regexp_split_to_table(doubts, ' ') AS doubt
        WHERE doubts IS NOT NULL AND started_at > now() - interval '1 hour'
        GROUP BY engine, model, doubt, (started_at AT TIME ZONE 'UTC')::date
    ) AS u
    WHERE NOT EXISTS (SELECT FROM alert_event AS e WHERE e.cause = u.cause);
  RETURN noted + found;
END $$;
