// Makes billable usage of whatever a server reports, or counts the pieces when it reports nothing. Whatever comes in,
// what goes out is whole, not negative, never shrinks in any bucket, and never exceeds what the ticket allowed.

import {
  isMonotone,
  NO_USAGE,
  USAGE_BUCKETS,
  type Usage,
  type UsageBucket,
} from '../../domain/generation/usage.ts';
import type { Part } from '../../domain/generation/part.ts';
import type { MeterDoubt } from '../../domain/metering/meter.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';

/** No context is that long; a larger count is nonsense and is cut to this. */
const TOKENS_MAX = 100_000_000;

type UsagePart = Extract<Part, { kind: 'usage' }>;

export class UsageMeter {
  readonly #outputTokensMax: number;
  #prompt = 0;
  #cached: number | undefined;
  /** What of the prompt was written to a cache, images and sound; of the completion images and sound. */
  #written = 0;
  #images = 0;
  #audio = 0;
  #completion = 0;
  #reasoning: number | undefined;
  #madeImages = 0;
  #madeAudio = 0;
  #textPieces = 0;
  #reasoningPieces = 0;
  /** The completion tokens that were reported before the first visible piece. */
  #completionBeforeText = 0;
  #given: Usage = NO_USAGE;
  readonly #doubts = new Set<MeterDoubt>();

  constructor(outputTokensMax: number) {
    this.#outputTokensMax = outputTokensMax;
  }

  /** A piece of visible text, of a refusal or of a tool call. */
  countText(): void {
    this.#textPieces += 1;
  }

  countReasoning(): void {
    this.#reasoningPieces += 1;
  }

  get isEmpty(): boolean {
    return this.#prompt + this.#completion + this.#textPieces + this.#reasoningPieces === 0;
  }

  /** The `usage` object of Chat Completions. A total below the one before is ignored. */
  report(usage: JsonObject): void {
    this.#prompt = this.#total(this.#prompt, usage['prompt_tokens']);
    this.#completion = this.#total(this.#completion, usage['completion_tokens']);
    const input = usage['prompt_tokens_details'];
    // DeepSeek's name for the same count stands outside the details.
    this.#cached =
      this.#part(isObject(input) ? input['cached_tokens'] : usage['prompt_cache_hit_tokens']) ??
      this.#cached;
    const inputPart = partsOf(input);
    this.#written = Math.max(this.#written, inputPart('cache_write_tokens'));
    this.#images = Math.max(this.#images, inputPart('image_tokens'));
    this.#audio = Math.max(this.#audio, inputPart('audio_tokens'));
    const output = usage['completion_tokens_details'];
    const outputPart = partsOf(output);
    this.#madeImages = Math.max(this.#madeImages, outputPart('image_tokens'));
    this.#madeAudio = Math.max(this.#madeAudio, outputPart('audio_tokens'));
    // SGLang's stands outside the details.
    this.#reasoning =
      this.#part(isObject(output) ? output['reasoning_tokens'] : usage['reasoning_tokens']) ??
      this.#reasoning;
    if (this.#textPieces === 0) this.#completionBeforeText = this.#completion;
  }

  /** Never less than before; what can't be is noted, and as good as not said. */
  #total(before: number, value: unknown): number {
    const count = tokens(value) ?? 0;
    if (!isCount(value)) this.#doubts.add('impossible');
    else if (value !== undefined && value !== null && count < before) this.#doubts.add('shrinking');
    return Math.max(before, count);
  }

  #part(value: unknown): number | undefined {
    if (!isCount(value)) this.#doubts.add('impossible');
    return tokens(value);
  }

  /** llama-server's `timings`, which it sends with every token where usage comes only at the end. */
  reportTimings(timings: JsonObject): void {
    const cached = tokens(timings['cache_n']) ?? 0;
    this.report({
      prompt_tokens: (tokens(timings['prompt_n']) ?? 0) + cached,
      completion_tokens: timings['predicted_n'],
      prompt_tokens_details: { cached_tokens: cached },
    });
  }

  /**
   * The total while the stream runs, if it grew. The prompt is held back until its cached share is known, because a
   * total can't move between buckets once it was given: vLLM reports that share only at the end.
   */
  running(): UsagePart | undefined {
    if (this.#completion === 0) return undefined;
    return this.#give(this.#cached === undefined ? 0 : this.#prompt, this.#completion, 'engine');
  }

  /** The total at the end, always. */
  final(): UsagePart {
    const pieces = this.#textPieces + this.#reasoningPieces;
    // Content cannot have cost nothing: a server that says so has not counted.
    const counted = this.#completion === 0 && (pieces > 0 || this.#prompt === 0);
    if (counted) this.#reasoning = this.#reasoningPieces;
    // Nor can an answer have had no prompt: its input is the house's loss, and somebody must hear of it.
    else if (this.#prompt === 0) this.#doubts.add('absent');
    const source = counted ? 'counted' : 'engine';
    return (
      this.#give(this.#prompt, counted ? pieces : this.#completion, source) ?? {
        kind: 'usage',
        usage: this.#given,
        source,
        ...this.#doubted(),
      }
    );
  }

  #give(prompt: number, completion: number, source: UsagePart['source']): UsagePart | undefined {
    const given = this.#given;
    const produced = Math.min(completion, this.#outputTokensMax);
    const usage: Usage = {
      ...NO_USAGE,
      ...divided(given, prompt, 'input', {
        cacheRead: this.#cached ?? 0,
        cacheWrite5m: this.#written,
        imageInput: this.#images,
        audioInput: this.#audio,
      }),
      ...divided(given, produced, 'output', {
        reasoning: this.#reasoning ?? this.#guessed(),
        imageOutput: this.#madeImages,
        audioOutput: this.#madeAudio,
      }),
    };
    if (!isMonotone(given, usage) || isMonotone(usage, given)) return undefined;
    this.#given = usage;
    return { kind: 'usage', usage, source, ...this.#doubted() };
  }

  #doubted(): Pick<UsagePart, 'doubts'> {
    return this.#doubts.size === 0 ? {} : { doubts: [...this.#doubts] };
  }

  /** Where a server does not split its count: what came while only reasoning was heard. */
  #guessed(): number {
    return this.#reasoningPieces > 0 ? this.#completionBeforeText : 0;
  }
}

type Divided = { readonly [bucket in UsageBucket]?: number };

/** A total in disjoint buckets, the rest in the last: as reported, as far as there is, but no bucket shrinks. */
function divided(given: Usage, total: number, rest: UsageBucket, parts: Divided): Divided {
  const buckets = USAGE_BUCKETS.filter((bucket) => parts[bucket] !== undefined);
  let left = total;
  let kept = buckets.reduce((sum, bucket) => sum + given[bucket], given[rest]);
  const found: { [bucket in UsageBucket]?: number } = {};
  for (const bucket of buckets) {
    const before = given[bucket];
    kept -= before; // What the buckets after this one have already.
    const most = Math.min(left, Math.max(before, left - kept));
    const part = Math.min(Math.max(parts[bucket] ?? 0, before), most);
    found[bucket] = part;
    left -= part;
  }
  return { ...found, [rest]: left };
}

function partsOf(details: unknown): (name: string) => number {
  return (name) => (isObject(details) ? (tokens(details[name]) ?? 0) : 0);
}

/** What a server may say of a total: nothing, or a whole number within reason. */
function isCount(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) && Number(number) >= 0 && Number(number) <= TOKENS_MAX;
}

/** A count of tokens: whole, from 0 to a bound; undefined when it is no number at all. */
function tokens(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return undefined;
  return Math.min(Math.max(0, Math.floor(number)), TOKENS_MAX);
}
