// Bounds of the management API, with unit and reason: both sides know them, so a form can say no before the server does.

/** A key's name, a user's search: longer names break every table they are shown in. */
export const NAME_CHARACTERS_MAX = 100;
/** What requests call an end user; longer names are kept as their hash. */
export const END_USER_CHARACTERS_MAX = 256;
/** Ids are ours (about 30 characters) or made by a client for a top-up (a UUID or an invoice number). */
export const ID_CHARACTERS_MAX = 64;
/** Ids of blocks that are made by a plan or a credit limit are put together from others. */
export const BLOCK_ID_CHARACTERS_MAX = 200;
/** What a person writes beside an amount. */
export const NOTE_CHARACTERS_MAX = 500;
/** Short ids collide: a top-up's id is what makes it safe to send twice. */
export const TOP_UP_ID_CHARACTERS_MIN = 8;
/** More than this in one top-up is a slip of the finger; two top-ups are no burden to those who mean it. */
export const TOP_UP_DOLLARS_MAX = 1_000_000;
/** A dollar a token: a price above it is a slip of the finger. */
export const PRICE_DOLLARS_MAX = 1_000_000;
/** Of one request or one call. */
export const EACH_PRICE_DOLLARS_MAX = 1_000;
/** More than any operator serves; each has up to five tiers. */
export const PRICED_MODELS_MAX = 500;
export const PRICE_RULES_MAX = 100;
/** Ten times the list price. */
export const PERMILLE_MAX = 10_000;
export const SIMULATED_DAYS_MAX = 366;
/** An amount of a payment as text: longer than any that is allowed, short enough to be shown. */
export const PAYMENT_AMOUNT_CHARACTERS_MAX = 32;
/** A bank's reference of one line of a statement. */
export const PAYMENT_REFERENCE_CHARACTERS_MAX = 64;
/** Top-ups and events on one page. */
export const PAYMENTS_LISTED_MAX = 100;
/** One year and a leap day: longer reports are put together from several. */
export const USAGE_DAYS_MAX = 366;
/** 366 days × some dozens of keys; about 4 MB of JSON. */
export const USAGE_ROWS_MAX = 10_000;
/** Models that a key or a project may be held to: a longer list is no list; 33 kB of JSON. */
export const LISTED_MODELS_MAX = 256;
/** The largest body is a key with a list of models. */
export const MANAGEMENT_BODY_BYTES_MAX = 64 * 1024;
/** Of one organisation, or of the operator: each event is sent to every one. */
export const ENDPOINTS_MAX = 16;
export const RECIPIENTS_MAX = 50;
export const WEBHOOK_URL_CHARACTERS_MAX = 2_000;
export const ALERTS_LISTED_MAX = 50;
