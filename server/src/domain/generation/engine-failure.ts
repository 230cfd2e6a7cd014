// Every way an engine can fail to answer, as a value. What the customer reads is decided elsewhere
// (gateway/engine-refusal.ts): details of the operator's fleet stay inside.

export type EngineFailure =
  /** We asked it to stop: the client left or the credit ended. Not an error of the engine. */
  | { readonly kind: 'aborted' }
  /** It has no room now; `retryAfterMs` where it said so. */
  | { readonly kind: 'overloaded'; readonly retryAfterMs?: number }
  /** The prompt does not fit; the numbers where they are known. */
  | { readonly kind: 'context-length'; readonly tokens?: number; readonly tokensMax?: number }
  /** It refused the request as malformed: the message is the engine's own and safe to show. */
  | { readonly kind: 'rejected'; readonly message: string; readonly field?: string }
  /** It can't do what was asked for, such as tools or images. */
  | { readonly kind: 'unsupported'; readonly feature: string; readonly field: string }
  /** What it said is not what was asked for, in all its tries; `problem` says what is wrong with it. */
  | { readonly kind: 'invalid-output'; readonly problem: string }
  /** Could not be reached, or the connection broke before the end. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** Nothing came within the time allowed. */
  | { readonly kind: 'timeout'; readonly afterMs: number }
  /** It answered, but not in its protocol, or with an error of its own. */
  | { readonly kind: 'broken'; readonly detail: string }
  /** Its process ended while it was working. */
  | { readonly kind: 'crashed'; readonly detail: string };
