// What an operator can say about one OpenAI-compatible server. It comes from the configuration only, never from a
// client's request. README.md says which server wants which.

export type OpenAiCompatibleOptions = {
  readonly name: string;
  /** Up to and including `/v1`: `http://10.0.0.5:8000/v1`. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** Generations at once, one connection each; more are refused as overloaded, they wait at the gateway. */
  readonly generationsMax?: number;
  readonly connectTimeoutMs?: number;
  /** Until the response begins, which for `delivery: whole` is the whole generation. */
  readonly responseTimeoutMs?: number;
  /** Between two reads of a response. */
  readonly idleTimeoutMs?: number;
  /** Asks for usage while a stream runs, so that an aborted one is counted by the engine and not by us. */
  readonly runningUsage?: 'continuous-usage-stats' | 'timings-per-token';
  /** `max_tokens` unless the server wants the newer name. */
  readonly outputLimitField?: 'max_tokens' | 'max_completion_tokens';
  /** Passes `developer` messages on as such; otherwise they are sent as `system`, which every server knows. */
  readonly developerRole?: boolean;
  /** The server knows OpenAI's custom tools; otherwise each is sent as a function with one string, `input`. */
  readonly customTools?: boolean;
  /** How it counts a prompt; the first question finds out unless it is told here. */
  readonly tokenizer?: 'vllm' | 'llama-server' | 'none';
  /** Sends earlier reasoning back under this name; otherwise it is left out. */
  readonly reasoningField?: 'reasoning_content' | 'reasoning';
};

export const DEFAULTS = {
  generationsMax: 1024,
  connectTimeoutMs: 5000,
  responseTimeoutMs: 600_000,
  idleTimeoutMs: 120_000,
} as const;

/** A whole answer of 200,000 tokens is about 1 MB; this also bounds one event of a stream. */
export const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/** Error bodies are read for one sentence. */
export const ERROR_BYTES_MAX = 64 * 1024;
/** What may wait for a slow reader before the upstream is paused; undici reads up to 64 KiB at a time. */
export const WAITING_BYTES_MAX = 256 * 1024;
