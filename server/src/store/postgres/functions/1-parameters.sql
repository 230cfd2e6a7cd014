-- What the ledger's functions take. All of this folder is replaced when any of it has changed (migrate.ts), so a field more
-- of a settle is one here, in ledger-batch.ts and in 2-record.sql. Nothing but these functions may depend on these types.
--
-- A batch comes as a few arrays of composite rows, each one text parameter. To read 32 settles of 23 fields took, in
-- PostgreSQL's CPU time: 115 µs as composite rows, 270 µs as an array per column, 290 µs with json_to_recordset(), 420 µs
-- with jsonb_to_recordset(). All of a batch of 32 holds and 32 settles: 27 µs a request with composite rows, 35 with an
-- array per column, 42 with that and the sums of each account computed in here instead of by the caller.

-- What a batch changes in one customer's account: what its settles take and give back, what its new holds want.
CREATE TYPE account_change AS (id text, charged bigint, released bigint, want bigint);

CREATE TYPE revenue_change AS (id text, amount bigint);

-- It needs as much from each of its accounts: the positions of their changes stand in `hold_accounts` from `first` to
-- `last`. `had` is -1 for a new hold, else the amount that the hold to extend stands at. `budgets` as below.
CREATE TYPE hold_record AS (
  request_id uuid, want bigint, least bigint, had bigint, first integer, last integer,
  organisation_id text, budgets text);

-- `held` is what the hold must stand at, -1 if it has vanished. Read most first: the first columns are the cheapest.
CREATE TYPE settle_record AS (
  request_id uuid, held bigint, charged bigint, overrun bigint, organisation_id text, model text,
  cost bigint, project_id text, key_id text, engine text, protocol text, usage_source text, outcome text,
  price_version integer, input bigint, cache_read bigint, cache_write_5m bigint, cache_write_1h bigint,
  output bigint, reasoning bigint,
  tier text, end_user text,
  image_input bigint, audio_input bigint, image_output bigint, audio_output bigint, tool_calls bigint,
  started_at_ms double precision, first_token_after_ms integer, duration_ms integer,
  -- Ids with a space between them; null without any.
  budgets text,
  -- What the engine and the gateway have counted; null where that is not known. Doubts have a space between them.
  engine_input bigint, engine_output bigint, gateway_pieces bigint, gateway_bytes bigint, doubts text);

-- What a batch changes in one lease. `had` is what it stands at, 0 where there is none. The settles take `charged` from the
-- account and `released` from the lease. `spare` is the part of the lease that wishes are granted from first; if it is `back`,
-- what they leave of it goes back. `extra` is what the gateway would like to have beyond that: at most half of what is
-- free, and nothing while the account's leases are recalled.
-- `recall_no`: recalls up to this one are answered with this change.
CREATE TYPE lease_change AS (
  account_id text, had bigint, charged bigint, released bigint, spare bigint, back boolean, extra bigint,
  recall_no bigint);

-- A hold or an extension that the gateway's leases could not cover. It needs as much from each of its accounts: the
-- positions of their changes stand in `wish_accounts` from `first` to `last`. `lacked` is the position of the account that
-- lacked when it was asked for before, and `since` the recall that must be answered by all others before it is refused.
CREATE TYPE lease_wish AS (
  want bigint, least bigint, first integer, last integer, lacked integer, since bigint);
