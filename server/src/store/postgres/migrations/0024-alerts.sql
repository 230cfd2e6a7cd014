-- Alerts: what somebody is to hear of, who wants to hear it, and whether they did.

-- One row for each cause, whoever notices it and however often: `budget:<window>:80%` is a cause, and so is the second time
-- that a balance has run low.
CREATE TABLE alert_event (
  cause            text COLLATE "C" PRIMARY KEY,
  -- Made of the cause, so that it is the same in a database that was restored.
  id               text COLLATE "C" NOT NULL UNIQUE,
  number           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  kind             text COLLATE "C" NOT NULL,
  -- Null: it is the operator's.
  organisation_id  text COLLATE "C" REFERENCES organisation,
  facts            jsonb NOT NULL,
  occurred_at      timestamptz NOT NULL,
  noted_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX alert_event_by_organisation ON alert_event (organisation_id, number);

-- Addresses that are called. The secret is kept as it is: what is called is signed with it.
CREATE TABLE alert_endpoint (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" REFERENCES organisation,
  url              text NOT NULL,
  description      text,
  -- Null: all that are its owner's.
  kinds            text[],
  secret           text NOT NULL,
  previous_secret  text,
  previous_until   timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  -- Since when nothing but failures; null after a success.
  failing_since    timestamptz,
  disabled_at      timestamptz,
  -- How often it was: each time is a cause of its own.
  disablings       integer NOT NULL DEFAULT 0,
  removed_at       timestamptz
);
CREATE INDEX alert_endpoint_by_organisation ON alert_endpoint (organisation_id) WHERE removed_at IS NULL;

-- Addresses that get mail.
CREATE TABLE alert_recipient (
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" REFERENCES organisation,
  address          text NOT NULL,
  kinds            text[],
  created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX alert_recipient_once ON alert_recipient (coalesce(organisation_id, ''), lower(address));

-- The outbox: one row for each event and each of those who hear it, written together with the event.
CREATE TABLE alert_delivery (
  event_id    text COLLATE "C" NOT NULL REFERENCES alert_event (id),
  -- An endpoint's id, `mail:` and an address, or `mail:` alone: to the operator's address, which the settings say.
  target      text COLLATE "C" NOT NULL,
  state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts    integer NOT NULL DEFAULT 0,
  -- When it is tried next; while it is being tried, when its claim is over.
  due_at      timestamptz NOT NULL DEFAULT now(),
  ended_at    timestamptz,
  -- Of the last try.
  status      integer,
  detail      text,
  PRIMARY KEY (event_id, target)
);
CREATE INDEX alert_delivery_due ON alert_delivery (due_at) WHERE state = 'pending';
CREATE INDEX alert_delivery_by_target ON alert_delivery (target) WHERE state = 'pending';

-- Below which balance somebody is told (0: nobody is), and whether they were since it was last above. Each time is an episode.
CREATE TABLE alert_low_balance (
  organisation_id  text COLLATE "C" PRIMARY KEY REFERENCES organisation,
  below_nano       amount_nano NOT NULL,
  is_low           boolean NOT NULL DEFAULT false,
  episodes         integer NOT NULL DEFAULT 0
);

-- What was noted before there was anybody to tell is not news any more.
UPDATE budget_event SET sent_at = now() WHERE sent_at IS NULL;
CREATE INDEX budget_event_to_send ON budget_event (occurred_at) WHERE sent_at IS NULL;
ALTER TABLE payment_event ADD COLUMN sent_at timestamptz;
UPDATE payment_event SET sent_at = now();
CREATE INDEX payment_event_to_send ON payment_event (number) WHERE sent_at IS NULL;
CREATE INDEX invoice_by_finalisation ON invoice (finalised_at) WHERE number IS NOT NULL;
