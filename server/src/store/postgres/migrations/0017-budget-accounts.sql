-- In a file of its own: PostgreSQL lets nobody use a new value of an enum in the transaction that adds it.
ALTER TYPE account_kind ADD VALUE 'budget';
