-- Payments (domain/payments): what was asked for is written down before a provider hears of it.

CREATE TABLE top_up (
  -- Ours; the provider's idempotency key, and written on everything that it makes for this.
  id               text COLLATE "C" PRIMARY KEY,
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  provider         text NOT NULL,
  origin           text NOT NULL CHECK (origin IN ('checkout', 'wire', 'auto-reload')),
  amount_cents     bigint NOT NULL CHECK (amount_cents > 0),
  currency         text NOT NULL,
  state            text NOT NULL
    CHECK (state IN ('created', 'open', 'paid', 'credited', 'declined', 'expired', 'suspect')),
  reason           text,
  -- The provider's objects: what was made first, and what moves the money.
  order_id         text COLLATE "C",
  payment_id       text COLLATE "C",
  url              text,
  save_method      boolean NOT NULL,
  attempts         integer NOT NULL DEFAULT 0,
  looks            integer NOT NULL DEFAULT 0,
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  credited_at      timestamptz,
  -- When somebody must look at it; null: nothing is left to do.
  look_at          timestamptz,
  -- I14: one object of a provider stands behind one top-up, so behind one credit.
  UNIQUE (provider, order_id),
  UNIQUE (provider, payment_id)
);
CREATE INDEX top_up_by_organisation ON top_up (organisation_id, created_at, id);
CREATE INDEX top_up_by_look ON top_up (look_at) WHERE look_at IS NOT NULL;
-- I14: at most one automatic charge of an organisation is with a provider, whoever tries.
CREATE UNIQUE INDEX one_reload_in_flight ON top_up (organisation_id)
  WHERE origin = 'auto-reload' AND state IN ('created', 'open');

-- The card that may be charged again, as far as it may be shown.
CREATE TABLE payment_method (
  organisation_id  text COLLATE "C" NOT NULL REFERENCES organisation,
  provider         text NOT NULL,
  method_id        text NOT NULL,
  customer_id      text NOT NULL,
  brand            text NOT NULL,
  last4            text NOT NULL,
  expires_month    integer NOT NULL,
  expires_year     integer NOT NULL,
  PRIMARY KEY (organisation_id, provider)
);

CREATE TABLE auto_reload (
  organisation_id    text COLLATE "C" PRIMARY KEY REFERENCES organisation,
  threshold_cents    bigint NOT NULL CHECK (threshold_cents >= 0),
  target_cents       bigint NOT NULL CHECK (target_cents > threshold_cents),
  monthly_cap_cents  bigint NOT NULL CHECK (monthly_cap_cents > 0),
  is_on              boolean NOT NULL,
  off_reason         text,
  declines           integer NOT NULL DEFAULT 0,
  rests_until        timestamptz NOT NULL,
  changed_at         timestamptz NOT NULL
);
-- Asked every second: reads those that are on, and their balances by primary key.
CREATE INDEX auto_reload_on ON auto_reload (organisation_id) WHERE is_on;

-- What took money back: a row per object of the provider, so each counts once.
CREATE TABLE payment_reversal (
  provider         text NOT NULL,
  id               text COLLATE "C" NOT NULL,
  payment_id       text COLLATE "C" NOT NULL,
  top_up_id        text COLLATE "C" NOT NULL REFERENCES top_up,
  organisation_id  text COLLATE "C" NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('refund', 'dispute')),
  amount_cents     bigint NOT NULL CHECK (amount_cents > 0),
  currency         text NOT NULL,
  status           text NOT NULL CHECK (status IN ('stands', 'undone')),
  is_final         boolean NOT NULL,
  state            text NOT NULL CHECK (state IN ('seen', 'taken', 'given-back')),
  created_at       timestamptz NOT NULL,
  look_at          timestamptz,
  PRIMARY KEY (provider, id)
);
CREATE INDEX payment_reversal_by_top_up ON payment_reversal (top_up_id);
CREATE INDEX payment_reversal_by_look ON payment_reversal (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE refund_request (
  id            text COLLATE "C" PRIMARY KEY,
  top_up_id     text COLLATE "C" NOT NULL REFERENCES top_up,
  amount_cents  bigint NOT NULL CHECK (amount_cents > 0),
  created_at    timestamptz NOT NULL
);

-- What somebody should hear of.
CREATE TABLE payment_event (
  number           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind             text NOT NULL,
  subject          text COLLATE "C" NOT NULL,
  organisation_id  text COLLATE "C" NOT NULL,
  top_up_id        text COLLATE "C",
  detail           text NOT NULL,
  at               timestamptz NOT NULL,
  UNIQUE (kind, subject)
);
CREATE INDEX payment_event_by_organisation ON payment_event (organisation_id, number);

-- What an operator has seen on a bank's statement: the provider of wires is the bank and whoever reads its statements.
CREATE TABLE bank_payment (
  reference     text COLLATE "C" PRIMARY KEY,
  top_up_id     text COLLATE "C" NOT NULL UNIQUE REFERENCES top_up,
  amount_cents  bigint NOT NULL CHECK (amount_cents > 0),
  currency      text NOT NULL,
  received_at   timestamptz NOT NULL
);

CREATE TABLE bank_refund (
  reference          text COLLATE "C" PRIMARY KEY,
  refund_id          text COLLATE "C" NOT NULL UNIQUE,
  payment_reference  text COLLATE "C" NOT NULL REFERENCES bank_payment,
  amount_cents       bigint NOT NULL CHECK (amount_cents > 0),
  currency           text NOT NULL,
  at                 timestamptz NOT NULL
);
CREATE INDEX bank_refund_by_payment ON bank_refund (payment_reference);
