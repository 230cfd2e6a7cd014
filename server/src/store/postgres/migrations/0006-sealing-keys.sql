-- The keys that seal what clients keep for us (domain/sealing). Every gateway reads all of them; the newest active one seals.

CREATE TABLE sealing_key (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-z_]{1,64}$'),
  secret bytea NOT NULL CHECK (octet_length(secret) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Later than its creation, but for the first: by then every gateway has read it.
  active_at timestamptz NOT NULL
);
