// Every bound in the system, with its unit and its reason. Nothing here depends on anything.

const KIB = 1024;
const MIB = 1024 * KIB;

// ── What a client may send ─────────────────────────────────────────────────────────────────────────────────
/** Images come inline as base64; OpenAI and Anthropic both stop at 32 MB. */
export const REQUEST_BODY_BYTES_MAX = 32 * MIB;
/** A key, a cookie or two and tracing headers fit in a fraction of this. */
export const REQUEST_HEADER_BYTES_MAX = 16 * KIB;
/** A client that has not sent its headers after this long is slow on purpose or gone. */
export const REQUEST_HEADERS_TIMEOUT_MS = 10_000;
/** 32 MiB over a 5 Mbit/s line takes 54 s. */
export const REQUEST_TIMEOUT_MS = 120_000;
/** Longer than the 60 s of common load balancers, so that they close idle connections first. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Each costs a few KB; beyond it new connections are dropped by the kernel's backlog and `maxConnections`. */
export const CONNECTIONS_MAX = 20_000;
export const JSON_BOUNDS = {
  /** Levels of any JSON that comes in: our own walks are recursive. */
  depthMax: 512,
  /** A prompt of 300,000 token numbers is one of the largest that is honest. */
  valuesMax: 500_000,
  /** 4,096 messages and 512 tools of 50 fields; each takes a codec about a microsecond. */
  objectsMax: 40_000,
} as const;
export const MESSAGES_MAX = 4_096;
export const TOOLS_MAX = 512;
/** MCP clients put the server's name before the tool's; 90 characters were seen. */
export const TOOL_NAME_CHARACTERS_MAX = 256;
/** Levels of JSON in one schema; OpenAI's strict mode stops at 10, real tools reach 30. */
export const SCHEMA_DEPTH_MAX = 128;
/** Of a tool's schema: what is deeper than an engine can keep is left open, as long as our own code can walk it. */
export const TOOL_SCHEMA_DEPTH_MAX = 512;
/** Of one custom tool; the grammars that coding agents send have a few thousand. */
export const GRAMMAR_CHARACTERS_MAX = 65_536;
/** Answers to one request; each is a generation of its own. */
export const CHOICES_MAX = 8;
/** Of one raw prompt that is the numbers of its tokens. */
export const PROMPT_TOKENS_MAX = JSON_BOUNDS.valuesMax;
/** Alternatives shown at each token; OpenAI's bound. */
export const TOP_LOGPROBS_MAX = 20;
/** OpenAI's bound. */
export const LOGIT_BIASES_MAX = 1_024;
export const STOP_SEQUENCES_MAX = 4;
/** Anthropic names no bound; each is looked for at every token. */
export const MESSAGES_STOP_SEQUENCES_MAX = 64;
export const STOP_SEQUENCE_CHARACTERS_MAX = 1_024;
export const MODEL_NAME_CHARACTERS_MAX = 256;
/** Parts of one message's content. */
export const CONTENT_PARTS_MAX = 4_096;
/** One image or document, decoded; OpenAI's own bound for an image. Its base64 fits in a body with room for the rest. */
export const MEDIA_BYTES_MAX = 20 * MIB;
/** Images and documents in one request; Anthropic's bound. */
export const MEDIA_PARTS_MAX = 600;
export const MEDIA_URL_CHARACTERS_MAX = 8_192;
export const MEDIA_NAME_CHARACTERS_MAX = 1_024;
/** No engine known counts more for one image: 10,000 patches in the closest detail, rounded up. */
export const IMAGE_TOKENS_MAX = 16_384;

/** Compiling a schema and checking an answer against it, in a thread of its own; real ones take milliseconds. */
export const SCHEMA_CHECK_TIMEOUT_MS = 1_000;
/** Compiled schemas that the thread keeps. */
export const SCHEMAS_KEPT_MAX = 256;
/** OpenAI's bounds for one request of embeddings. */
export const EMBEDDING_INPUTS_MAX = 2_048;
export const EMBEDDING_TOKENS_MAX = 300_000;
/** The longest vectors in use have 4,096 numbers. */
export const EMBEDDING_DIMENSIONS_MAX = 16_384;
/** A full batch on the embedded engine takes a few seconds. */
export const EMBEDDING_TIMEOUT_MS = 120_000;

// ── What runs at once ──────────────────────────────────────────────────────────────────────────────────────
/** Generations in this process; over it a client is told to come back. 512 streams take ~100 MB. */
export const GENERATIONS_MAX = 4_096;
/** Prompts that are counted at once: agents ask 30 at a time, and a count takes milliseconds. */
export const COUNTS_MAX = 512;
/** The longest prompt that fits is counted in well under a second. */
export const COUNT_TIMEOUT_MS = 30_000;
export const MODELS_PAGE_DEFAULT = 20;
export const MODELS_PAGE_MAX = 1_000;
export const RETRY_AFTER_OVERLOADED_MS = 1_000;

// ── Money ──────────────────────────────────────────────────────────────────────────────────────────────────
/** Output tokens that a stream's hold covers at a time: large enough to be rare, small enough not to pin credit. */
export const GRANT_OUTPUT_TOKENS = 1_024;
/** How many output tokens a hold must cover at least, or the request is refused: less is no answer. */
export const GRANT_OUTPUT_TOKENS_LEAST = 16;
/** PostgreSQL restarts in under a second after a crash; longer than this is an outage, and money fails closed. */
export const HOLD_TIMEOUT_MS = 5_000;
/**
 * Near the end of a customer's credit a request waits until every other gateway has given back what it had to spare, which
 * takes 10 to 100 ms; so long at most, for one that does not answer. It asks so often.
 */
export const RECALL_TIMEOUT_MS = 1_000;
export const RECALL_AGAIN_MS = 20;
/** Where no notification gets through, leases that others lack are looked for so often. */
export const RECALL_POLL_MS = 100;
/** What a crash takes is known up to so long before it. Of 4,096 running requests a note takes 10 ms. */
export const CRASH_NOTES_EVERY_MS = 1_000;
export const SETTLE_TIMEOUT_MS = 15_000;
export const RETRY_AFTER_LEDGER_MS = 2_000;

/** How late a block may begin or end, and what was charged be burnt, when nobody asks. */
export const CREDIT_CLOCK_EVERY_MS = 1_000;

/** A hundred times the longest context there is; at the dearest price known it stays far below a 64-bit amount. */
export const TOKENS_PER_BUCKET_MAX = 100_000_000;
/** Longer than what agents send, a few ids in a row; it is on every usage row. */
export const END_USER_CHARACTERS_MAX = 256;
/** End users with a window of their own that one gateway tells apart, of all budgets together: about 10 MB. */
export const END_USER_NODES_MAX = 50_000;
/** Windows of end users that are cleared away in one transaction, a few ms. */
export const END_USER_WINDOWS_SWEPT_MAX = 500;

// ── What is known of prompts, for the log ──────────────────────────────────────────────────────────────────
/** Below it no prompt is worth a cache: engines keep blocks of 16 to 64 tokens. */
export const CACHE_TOKENS_LEAST = 64;
/** No engine promises to keep a prefix for longer; OpenAI's and Anthropic's own longest is an hour. */
export const PROMPT_MEMORY_MS = 60 * 60_000;
/** Of one organisation and model; a prompt that goes on from none of them is compared with each: 5 µs. */
export const PROMPTS_PER_OWNER_MAX = 128;
/** Of all together, some 300 bytes each, and 4 bytes for each of their items and tools: 7 MB when full. */
export const PROMPTS_REMEMBERED_MAX = 8_192;
export const PROMPT_LINKS_REMEMBERED_MAX = 1_048_576;
/** Only the hash of these is left. */
export const PROMPTS_FORGOTTEN_MAX = 16_384;
/** Tools and items of one prompt that are looked at. */
export const PROMPT_LINKS_MAX = 8_192;
/** Of one prompt; what is beyond is told apart by its length, its beginning and its end. */
export const PROMPT_CHARACTERS_HASHED_MAX = MIB;

// ── What is kept ───────────────────────────────────────────────────────────────────────────────────────────
/** OpenAI keeps responses for 30 days. */
export const RETENTION_DAYS_DEFAULT = 30;
/** A conversation that is longer than this is no conversation; it bounds the walk through what came before. */
export const EARLIER_RESPONSES_MAX = 1_000;
/** What was said before may be as long as what may be sent at once. */
export const EARLIER_BYTES_MAX = 32 * MIB;
/** What one project may keep, the operator's default: some 300,000 turns of an agent. */
export const STORED_BYTES_PROJECT_MAX = 10 * 1024 * MIB;
/** PostgreSQL answers in milliseconds; a client waits for its last byte no longer than this for the storing. */
export const STORE_TIMEOUT_MS = 5_000;
export const RETRY_AFTER_STORAGE_MS = 2_000;
/** OpenAI's bound on what is added to a conversation at once. */
export const CONVERSATION_ITEMS_ADDED_MAX = 20;
export const STORED_PAGE_DEFAULT = 20;
export const STORED_PAGE_MAX = 100;

// ── Reports ────────────────────────────────────────────────────────────────────────────────────────────────
/** Values of one filter of a report on usage: more projects or keys than this are easier to group by. */
export const REPORT_FILTERS_MAX = 500;
/** Each holds a connection of the few that people's reports share. */
export const EXPORTS_AT_ONCE_MAX = 2;
/** How often usage is rolled up: what a report has to add up by itself is so young. */
export const ROLL_UP_EVERY_MS = 2_000;

// ── In the background ──────────────────────────────────────────────────────────────────────────────────────
/** Answers in the background that one process makes at once. */
export const BACKGROUND_RUNS_MAX = 1_024;
/** Events are written together for so long: 50 writes a second an answer, and no follower feels it. */
export const BACKGROUND_WRITE_EVERY_MS = 20;
/** What could not be written is tried again so often. */
export const BACKGROUND_TRY_AGAIN_MS = 250;
/** An answer that is made faster than it can be stored waits. */
export const BACKGROUND_PENDING_BYTES_MAX = MIB;
/** For so long the end of an answer is tried to be stored while PostgreSQL is away. */
export const BACKGROUND_GIVE_UP_MS = 60_000;
export const BACKGROUND_EVENTS_AT_ONCE = 1_000;
/** Who follows an answer that another process makes looks for more so often. */
export const FOLLOW_POLL_MS = 250;
/** So soon a process learns that an answer of its own was cancelled by way of another. */
export const CANCEL_POLL_MS = 1_000;
/** A client that cancels waits no longer than this for the end. */
export const CANCEL_WAIT_MS = 5_000;
/** How often what has expired is removed, and what nobody makes any more is ended. */
export const HOUSEKEEPING_EVERY_MS = 15_000;

// ── Stopping ───────────────────────────────────────────────────────────────────────────────────────────────
/** Running answers get this long to end by themselves; then they are stopped and settled. */
export const DRAIN_MS = 20_000;
export const RETRY_AFTER_SHUTDOWN_MS = 5_000;

// ── Streams ────────────────────────────────────────────────────────────────────────────────────────────────
/** Proxies cut a silent connection after 60 s; a comment line keeps it open while a model thinks. */
export const HEARTBEAT_MS = 15_000;
/** A client that reads nothing for this long while bytes wait for it is gone. */
export const WRITE_STALL_MS = 60_000;

// ── WebSockets ─────────────────────────────────────────────────────────────────────────────────────────────
/** OpenAI's own bound, which clients know: after it they connect again. */
export const WEBSOCKET_LIFETIME_MS = 60 * 60_000;
/** An open one costs about 20 KB; what it remembers is bounded below. */
export const WEBSOCKETS_MAX = 8_192;
/** A peer that has answered no ping since the one before is gone. Below the 60 s after which proxies cut. */
export const WEBSOCKET_PING_MS = 25_000;
/** Streams on one socket that may have work at once. Agents run a handful. */
export const WEBSOCKET_LANES_MAX = 16;
/** Requests that may wait on one socket for those before them, and how many bytes they may have in all. */
export const WEBSOCKET_WAITING_MAX = 32;
export const WEBSOCKET_WAITING_BYTES_MAX = 32 * MIB;
/** How soon a client that found its socket full may ask again. */
export const RETRY_AFTER_WEBSOCKET_MS = 1_000;
/** Responses that one socket remembers for `previous_response_id`: each lane goes on from its last. */
export const WEBSOCKET_RESPONSES_MAX = 32;
/** A conversation of the longest request, and the one that it goes on from. */
export const WEBSOCKET_MEMORY_BYTES_MAX = 2 * REQUEST_BODY_BYTES_MAX;
/** What all sockets together remember; over it a response is not remembered, and its client sends all of it again. */
export const WEBSOCKETS_MEMORY_BYTES_MAX = 1024 * MIB;
/** A revoked key is noticed by then on a socket that says nothing; the snapshot itself is at most 1 s old. */
export const WEBSOCKET_KEY_CHECK_MS = 100;
/** After a goodbye the peer has this long to say its own. */
export const WEBSOCKET_CLOSE_MS = 500;

// ── Sealing ────────────────────────────────────────────────────────────────────────────────────────────────
/** How long one key seals. */
export const SEALING_KEY_LIFETIME_MS = 30 * 86_400_000;
/** Keys that open: what was sealed thirteen months ago is nobody's conversation any more. */
export const SEALING_KEYS_MAX = 14;
/** A new key waits so long before it seals, and every gateway reads the keys so often: all of them know it by then. */
export const SEALING_KEY_LEAD_MS = 10 * 60_000;
export const SEALING_KEYS_READ_MS = 60_000;
/** What people said that a compacted conversation keeps word for word: some 16,000 tokens. */
export const COMPACTED_KEPT_CHARACTERS_MAX = 64 * KIB;

// Payments.

/** The least that is worth a provider's fee; Stripe takes nothing below $0.50. */
export const PAYMENT_CENTS_MIN = 500;
/** A card's issuer asks about more than this anyway; a wire can be made twice. */
export const PAYMENT_CENTS_MAX = 1_000_000;
/** Stripe's events are some kilobytes. */
export const PAYMENT_WEBHOOK_BYTES_MAX = 512 * 1024;
/** How soon after a balance has fallen a card is charged: one indexed query each time. */
export const COLLECT_EVERY_MS = 1_000;
/** What no webhook told is found at the provider after at most this. */
export const PAYMENT_SWEEP_EVERY_MS = 3_600_000;
/** A sweep looks back so far: longer than a provider or we may be away over a weekend. */
export const PAYMENT_SWEEP_BACK_MS = 7 * 24 * 3_600_000;

// Invoices.

/** After the end of a month: running requests have ended, and an operator who is awake sees what goes wrong. */
export const INVOICING_GRACE_HOURS = 6;
/** Nobody waits for an invoice to the minute. */
export const INVOICING_EVERY_MS = 60_000;
/** Organisations between two looks at whether somebody wants it to stop: some seconds. */
export const INVOICED_AT_ONCE = 50;
// ── Alerts ─────────────────────────────────────────────────────────────────────────────────────────────────
/** How soon somebody is told that a threshold was crossed: one call of the database each time, of some indexed queries. */
export const ALERT_LOOK_EVERY_MS = 1_000;
/** Of what comes with the days: credit that expires, invoices. */
export const ALERT_CALENDAR_EVERY_MS = 60_000;
/** Deliveries that one process makes at once; a receiver that is slow has a part of them. */
export const ALERT_DELIVERIES_MAX = 16;
export const ALERT_DELIVERIES_PER_TARGET_MAX = 4;
/** A receiver that has not answered by then is tried again; the specification proposes 15 to 30 s. */
export const WEBHOOK_TIMEOUT_MS = 15_000;
/** Of what a receiver says; nobody reads more. */
export const WEBHOOK_ANSWER_BYTES_MAX = 4_096;
/** Mail servers make strangers wait on purpose. */
export const MAIL_TIMEOUT_MS = 30_000;
/** A claim outlasts the slowest delivery; after a crash it is tried again so late. */
export const ALERT_CLAIM_MS = 60_000;
/** An endpoint that did nothing but fail for so long is switched off. */
export const ENDPOINT_DISABLED_AFTER_DAYS = 5;
/** Where mails are written to files: the newest are kept. */
export const MAIL_FILES_MAX = 1_000;

// ── Reconciliation ─────────────────────────────────────────────────────────────────────────────────────────
/** How soon after an hour has begun the books are added up. */
export const RECONCILE_LOOK_EVERY_MS = 60_000;
/** One look at the whole ledger: of a hundred million transfers. Longer than that is no look, and is told. */
export const RECONCILE_STATEMENT_TIMEOUT_MS = 5 * 60_000;
/** Hours of the meters that the proof shows. */
export const METERS_SHOWN_HOURS = 24;
