// The scope of one generation: what it has used, what its grant still covers, and its end. Leaving the scope settles,
// whether the engine finished, failed or crashed, the client hung up, or we threw.

import { costOf, outputCostMax } from '../domain/pricing/cost.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Part } from '../domain/generation/part.ts';
import {
  isMonotone,
  isValidUsage,
  NO_USAGE,
  outputTokens,
  type Usage,
  type UsageSource,
} from '../domain/generation/usage.ts';
import type { Hold } from '../domain/ledger/hold.ts';
import type { Outcome, Settlement } from '../domain/ledger/settlement.ts';
import { ZERO_NANO } from '../domain/money/nano.ts';
import type { Refusal } from '../domain/refusal.ts';
import { GRANT_OUTPUT_TOKENS, RETRY_AFTER_LEDGER_MS } from '../limits.ts';
import type { SettleOutcome } from '../ports/ledger.ts';
import type { Admission } from './admit.ts';
import type { Gateway } from './gateway.ts';
import type { Granted } from './take-hold.ts';

export type Ending =
  | Extract<Part, { readonly kind: 'finish' }>
  | { readonly kind: 'failure'; readonly failure: EngineFailure };

/** Until the engine says otherwise: one that just stops talking has failed. */
const NEVER_ENDED: Ending = {
  kind: 'failure',
  failure: { kind: 'broken', detail: 'the engine stopped without a finish' },
};

/** What of the settlement is known before the first token. */
export type RunFacts = Pick<
  Settlement,
  'requestId' | 'organisationId' | 'projectId' | 'keyId' | 'protocol' | 'startedAtMs'
>;

export class MeteredRun implements AsyncDisposable {
  readonly #gateway: Gateway;
  readonly #admission: Admission;
  readonly #facts: RunFacts;
  readonly #startedMs: number;
  /** What the engine was told: a grant never needs to cover more. */
  readonly #outputTokensMax: number;
  #hold: Hold;
  #grantedTokens: number;
  #grantRefused: Refusal | undefined;
  #usage: Usage = NO_USAGE;
  #source: UsageSource = 'counted';
  #pieces = 0;
  #firstTokenAfterMs: number | undefined;
  #ending: Ending = NEVER_ENDED;
  #settled: Promise<SettleOutcome> | undefined;

  constructor(gateway: Gateway, admission: Admission, granted: Granted, facts: RunFacts) {
    this.#outputTokensMax = granted.engineTokensMax;
    this.#gateway = gateway;
    this.#admission = admission;
    this.#facts = facts;
    this.#hold = granted.hold;
    this.#grantedTokens = granted.outputTokens;
    this.#startedMs = gateway.clock.monotonicMs();
  }

  /** Content can't have cost nothing: where nothing was reported, the pieces are what is known of it. */
  get usage(): Usage {
    return this.#uncounted ? { ...this.#usage, output: this.#pieces } : this.#usage;
  }

  get #uncounted(): boolean {
    return this.#pieces > 0 && outputTokens(this.#usage) === 0;
  }

  get requestId(): string {
    return this.#facts.requestId;
  }

  get ending(): Ending {
    return this.#ending;
  }

  observe(parts: readonly Part[]): void {
    for (const part of parts) {
      switch (part.kind) {
        case 'usage':
          this.#count(part.usage, part.source);
          break;
        case 'finish':
        case 'failure':
          this.#ending = part;
          break;
        case 'tool-call-start':
        case 'tool-call-end':
          break;
        default:
          this.#pieces++;
          this.#firstTokenAfterMs ??= this.#gateway.clock.monotonicMs() - this.#startedMs;
      }
    }
  }

  /** A count that can't be true never replaces one that can. */
  #count(usage: Usage, source: UsageSource): void {
    if (isValidUsage(usage) && isMonotone(this.#usage, usage)) {
      this.#usage = usage;
      this.#source = source;
    } else {
      const { requestId } = this.#facts;
      const model = this.#admission.model.id;
      this.#gateway.log.warn({ requestId, model, usage }, 'an impossible usage report was ignored');
    }
  }

  /**
   * Less than half of the grant is left, more may be needed, and the engine has not ended. A property, so that the
   * common case, a grant with room, costs no promise.
   */
  get grantRunsLow(): boolean {
    return (
      this.#ending === NEVER_ENDED &&
      this.#grantedTokens < this.#outputTokensMax &&
      this.#produced >= this.#grantedTokens - GRANT_OUTPUT_TOKENS / 2
    );
  }

  /** Extends the grant. False at its boundary, when no more credit is to be had: the generation must stop here. */
  async mayContinue(): Promise<boolean> {
    while (this.grantRunsLow && this.#grantRefused === undefined) await this.#extendGrant();
    return this.#grantedTokens >= this.#outputTokensMax || this.#produced < this.#grantedTokens;
  }

  get #produced(): number {
    return Math.max(outputTokens(this.#usage), this.#pieces);
  }

  async #extendGrant(): Promise<void> {
    const more = Math.min(GRANT_OUTPUT_TOKENS, this.#outputTokensMax - this.#grantedTokens);
    const neededNano = outputCostMax(more, this.#admission.price);
    const outcome = await this.#gateway.ledger.extend(this.#hold, neededNano);
    switch (outcome.kind) {
      case 'held':
        this.#hold = outcome.hold;
        this.#grantedTokens += more;
        break;
      case 'refused':
        this.#grantRefused = {
          kind: 'insufficient-credit',
          availableNano: outcome.availableNano,
          neededNano,
        };
        break;
      case 'unavailable':
        this.#grantRefused = { kind: 'ledger-unavailable', retryAfterMs: RETRY_AFTER_LEDGER_MS };
    }
  }

  /** Why the generation had to stop at its grant's boundary. */
  get grantRefused(): Refusal {
    return this.#grantRefused ?? { kind: 'internal' };
  }

  /** Once; every later call gets the first one's result. */
  settle(outcome: Outcome): Promise<SettleOutcome> {
    this.#settled ??= this.#settleOnce(outcome);
    return this.#settled;
  }

  async #settleOnce(outcome: Outcome): Promise<SettleOutcome> {
    const settlement = this.#settlement(outcome);
    const settled = await this.#gateway.ledger.settle(this.#hold, settlement);
    if (settled.kind === 'unavailable') {
      this.#gateway.log.error({ settlement }, 'a request could not be settled in time');
    }
    return settled;
  }

  #settlement(outcome: Outcome): Settlement {
    const { model, price, priceVersion } = this.#admission;
    return {
      ...this.#facts,
      model: model.id,
      engine: model.engine.name,
      usage: this.usage,
      usageSource: this.#uncounted ? 'counted' : this.#source,
      priceVersion,
      costNano: outcome === 'failed' ? ZERO_NANO : costOf(this.usage, price),
      outcome,
      ...(this.#firstTokenAfterMs !== undefined && { firstTokenAfterMs: this.#firstTokenAfterMs }),
      durationMs: this.#gateway.clock.monotonicMs() - this.#startedMs,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settle('failed');
  }
}
