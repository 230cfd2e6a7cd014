// The scope of one generation: what it has used, what its grant still covers, and its end. Leaving the scope settles,
// whether the engine finished, failed or crashed, the client hung up, or we threw.

import { costOf, outputCostMax } from '../domain/pricing/cost.ts';
import type { Part } from '../domain/generation/part.ts';
import type { Usage } from '../domain/generation/usage.ts';
import type { Meter } from '../domain/metering/meter.ts';
import type { Hold } from '../domain/ledger/hold.ts';
import type { Unfinished } from '../domain/ledger/unfinished.ts';
import type { Outcome, Settlement } from '../domain/ledger/settlement.ts';
import { ZERO_NANO } from '../domain/money/nano.ts';
import type { Refusal } from '../domain/refusal.ts';
import { assert } from '../lib/assert.ts';
import { GRANT_OUTPUT_TOKENS, RETRY_AFTER_LEDGER_MS } from '../limits.ts';
import type { SettleOutcome } from '../ports/ledger.ts';
import type { Admission } from './admit.ts';
import { creditRefusal } from './credit-refusal.ts';
import type { Gateway } from './gateway.ts';
import type { RunningRequest } from './running-requests.ts';
import { logRequest, type Ended } from './log-request.ts';
import type { Granted } from './take-hold.ts';
import { meterOfAll, Tally, usageOfAll, type Ending } from './tally.ts';

/** What of the settlement is known before the first token. */
export type RunFacts = Pick<
  Settlement,
  'requestId' | 'organisationId' | 'projectId' | 'keyId' | 'protocol' | 'startedAtMs' | 'endUser'
>;

export class MeteredRun implements AsyncDisposable, RunningRequest {
  /** Among those that run. */
  place = -1;
  readonly #gateway: Gateway;
  readonly #admission: Admission;
  readonly #facts: RunFacts;
  readonly #startedMs: number;
  /** What the engine was told: a grant never needs to cover more. */
  readonly #outputTokensMax: number;
  /** One for each answer. */
  readonly #tallies: readonly [Tally, ...Tally[]];
  #hold: Hold;
  #grantedTokens: number;
  #grantRefused: Refusal | undefined;
  #firstTokenAfterMs: number | undefined;
  #settled: Promise<SettleOutcome> | undefined;
  #ended: Ended | undefined;
  #hasWarned = false;

  constructor(gateway: Gateway, admission: Admission, granted: Granted, facts: RunFacts) {
    this.#outputTokensMax = granted.engineTokensMax;
    this.#tallies = [
      new Tally(),
      ...Array.from({ length: granted.choices - 1 }, () => new Tally()),
    ];
    this.#gateway = gateway;
    this.#admission = admission;
    this.#facts = facts;
    this.#hold = granted.hold;
    this.#grantedTokens = granted.outputTokens;
    this.#startedMs = gateway.clock.monotonicMs();
    gateway.running?.add(this);
  }

  /** What would be lost if this process ended now. */
  get unfinished(): Unfinished {
    const { requestId, organisationId, keyId } = this.#facts;
    const { model, price, tier } = this.#admission;
    const whose = { requestId, organisationId, keyId, model: model.id, tier };
    return { ...whose, costNano: costOf(this.usage, price) };
  }

  /** Of all its answers. */
  get usage(): Usage {
    return usageOfAll(this.#tallies, this.#admission.prompts);
  }

  get requestId(): string {
    return this.#facts.requestId;
  }

  /** Of the first answer that failed, or of the first of all: one that fails, fails the request. */
  get ending(): Ending {
    const failed = this.#tallies.filter(({ ending }) => ending.kind === 'failure');
    return (failed.find(({ hasEnded }) => hasEnded) ?? failed[0] ?? this.#tallies[0]).ending;
  }

  observe(parts: readonly Part[]): void {
    for (const part of parts) {
      const tally = this.#tallies[part.choice ?? 0];
      assert(tally !== undefined, 'there are no more answers than were asked for');
      switch (part.kind) {
        case 'usage':
          if (!tally.count(part)) this.#warnOf(part.usage);
          break;
        case 'finish':
        case 'failure':
          tally.end(part);
          break;
        case 'repaired':
        case 'tool-call-start':
        case 'tool-call-end':
          break;
        default:
          tally.addPiece(textIn(part));
          this.#firstTokenAfterMs ??= this.#gateway.clock.monotonicMs() - this.#startedMs;
      }
    }
  }

  /** Once: a report that is wrong comes with every token. */
  #warnOf(usage: Usage): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { requestId } = this.#facts;
    const model = this.#admission.model.id;
    this.#gateway.log.warn({ requestId, model, usage }, 'an impossible usage report was ignored');
  }

  /**
   * Less than half of the grant is left, more may be needed, and the engine has not ended. A property, so that the
   * common case, a grant with room, costs no promise.
   */
  get grantRunsLow(): boolean {
    return (
      !this.hasEnded &&
      this.#grantedTokens < this.#outputTokensMax &&
      this.#produced >= this.#grantedTokens - GRANT_OUTPUT_TOKENS / 2
    );
  }

  /** Extends the grant. False at its boundary, when no more credit is to be had: the generation must stop here. */
  async mayContinue(): Promise<boolean> {
    while (this.grantRunsLow && this.#grantRefused === undefined) await this.#extendGrant();
    return this.#grantedTokens >= this.#outputTokensMax || this.#produced < this.#grantedTokens;
  }

  /** Every answer has come to its end. */
  get hasEnded(): boolean {
    return this.#tallies.every(({ hasEnded }) => hasEnded);
  }

  get #produced(): number {
    let produced = 0;
    for (const tally of this.#tallies) produced += tally.produced;
    return produced;
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
        this.#grantRefused = creditRefusal(
          this.#gateway.snapshot(),
          outcome,
          neededNano,
          this.#gateway.clock.nowMs(),
        );
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
    const { ledger, running } = this.#gateway;
    const settled = await ledger
      .settle(this.#hold, settlement)
      .finally(() => running?.remove(this));
    if (settled.kind === 'unavailable') {
      this.#gateway.log.error({ settlement }, 'a request could not be settled in time');
    }
    this.#ended = { settlement, settled };
    return settled;
  }

  #settlement(outcome: Outcome): Settlement {
    const { model, price, priceVersion, tier } = this.#admission;
    return {
      ...this.#facts,
      model: model.id,
      engine: model.engine.name,
      usage: this.usage,
      usageSource: this.#tallies.every(({ source }) => source === 'engine') ? 'engine' : 'counted',
      priceVersion,
      tier,
      costNano: outcome === 'failed' ? ZERO_NANO : costOf(this.usage, price),
      outcome,
      meter: this.#meter(outcome),
      ...(this.#firstTokenAfterMs !== undefined && { firstTokenAfterMs: this.#firstTokenAfterMs }),
      durationMs: this.#gateway.clock.monotonicMs() - this.#startedMs,
    };
  }

  /** What is cut off is reported as far as it came, or not at all: that is no reason for doubt. */
  #meter(outcome: Outcome): Meter {
    const meter = meterOfAll(this.#tallies, this.#admission.prompts);
    if (outcome === 'completed') {
      if (meter.doubts.includes('short')) this.#warnOf(this.usage);
      return meter;
    }
    const doubts = meter.doubts.filter((doubt) => doubt !== 'absent' && doubt !== 'short');
    return { ...meter, doubts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settle('failed');
    // Here the client has all of its answer: it does not wait for the log.
    if (this.#ended !== undefined) logRequest(this.#gateway, this.#admission, this.#ended);
  }
}

type Delta = Extract<Part, { readonly kind: `${string}-delta` }>;

function textIn(delta: Delta): string {
  if ('text' in delta) return delta.text;
  return 'arguments' in delta ? delta.arguments : delta.input;
}
