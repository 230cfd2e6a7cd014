-- Kinds of accounts for credit blocks, debts and plans. In a file of its own: PostgreSQL lets nobody use a new value of an
-- enum in the transaction that adds it.

ALTER TYPE account_kind ADD VALUE 'pending-credits';
ALTER TYPE account_kind ADD VALUE 'receivable';
ALTER TYPE account_kind ADD VALUE 'credit-line';
ALTER TYPE account_kind ADD VALUE 'promo-cost';
ALTER TYPE account_kind ADD VALUE 'plan-clearing';
ALTER TYPE account_kind ADD VALUE 'breakage';
ALTER TYPE account_kind ADD VALUE 'crash-loss';
ALTER TYPE account_kind ADD VALUE 'tax-payable';
ALTER TYPE account_kind ADD VALUE 'rounding';
