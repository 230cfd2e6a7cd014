// Whatever is done to an organisation's credits, done to PostgreSQL, which burns late, and to a model in which every charge
// burns at once; whether both come to the same.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { factsOf, type NewCredits } from '../../../domain/credits/credit-block.ts';
import { nano } from '../../../domain/money/nano.ts';
import { CreditsUnderTest } from './credits.fixture.ts';

export type Step =
  | { readonly do: 'add'; readonly amount: bigint; readonly facts: Partial<NewCredits> }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'hold' | 'charge' | 'release' | 'limit' | 'reverse'; readonly share: number }
  | { readonly do: 'look' };

const share = fc.integer({ min: 0, max: 100 });
const moment = fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.bigInt(1n, 100n),
        fc.constantFrom('manual', 'promo', 'payment'),
        moment,
        moment,
        share,
      )
      .map(([amount, source, begins, lasts, basis]): Step => {
        const effectiveAtMs = begins === undefined ? {} : { effectiveAtMs: begins };
        const expiresAtMs = lasts === undefined ? {} : { expiresAtMs: (begins ?? 0) + lasts };
        const costBasisNano = nano((amount * BigInt(basis)) / 100n);
        const facts = {
          source,
          priority: basis % 3,
          costBasisNano,
          ...effectiveAtMs,
          ...expiresAtMs,
        };
        return { do: 'add', amount, facts };
      }),
  },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 30 }).map((ms): Step => ({ do: 'pass', ms })) },
  { weight: 4, arbitrary: share.map((of): Step => ({ do: 'hold', share: of })) },
  { weight: 6, arbitrary: share.map((of): Step => ({ do: 'charge', share: of })) },
  { weight: 1, arbitrary: share.map((of): Step => ({ do: 'release', share: of })) },
  { weight: 1, arbitrary: share.map((of): Step => ({ do: 'limit', share: of })) },
  { weight: 2, arbitrary: share.map((of): Step => ({ do: 'reverse', share: of })) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'look' }) },
);

/** The same to PostgreSQL and to the model. The model's blocks begin and end at the very moment, PostgreSQL's when it looks. */
class Both {
  readonly it: CreditsUnderTest;
  readonly #moments = new Set<number>();
  readonly #blocks: string[] = [];

  constructor(it: CreditsUnderTest) {
    this.it = it;
  }

  async take(next: Step): Promise<void> {
    const { it } = this;
    const { organisationId: org, model } = it;
    const part = (of: bigint) => ('share' in next ? (of * BigInt(next.share)) / 100n : 0n);
    switch (next.do) {
      case 'pass':
        return this.#pass(next.ms);
      case 'add':
        return this.#add(next.amount, next.facts);
      case 'hold': {
        await this.same(); // A hold is taken from what is there by then.
        return it.hold(part(await it.free()));
      }
      case 'charge': {
        if (it.held === 0n) await this.take({ do: 'hold', share: 60 });
        const released = part(it.held);
        const charged = (released * 2n) / 3n;
        if (released === 0n) return;
        model.charge(org, charged, it.nowMs);
        if (charged > 0n) await it.charge(charged, released);
        else await it.hold(-released);
        return model.look(org, it.nowMs, it.held);
      }
      case 'release':
        return it.hold(-part(it.held));
      case 'limit':
        await it.credits.setLimit(org, nano(BigInt(next.share)));
        return model.setLimit(org, BigInt(next.share), it.nowMs, it.held);
      case 'reverse':
        return this.#reverse(next.share);
      case 'look':
        return this.same();
    }
  }

  async same(): Promise<void> {
    const { it } = this;
    it.model.look(it.organisationId, it.nowMs, it.held);
    const known = await it.credits.account(it.organisationId);
    const expected = it.model.account(it.organisationId);
    assert.deepEqual(known, expected);
  }

  #pass(ms: number): void {
    const { it } = this;
    const until = it.nowMs + ms;
    for (const at of [...this.#moments].toSorted((a, b) => a - b)) {
      if (at > it.nowMs && at <= until) it.model.look(it.organisationId, at, it.held);
    }
    it.nowMs = until;
  }

  async #add(amount: bigint, given: Partial<NewCredits>): Promise<void> {
    const { it } = this;
    const { effectiveAtMs: begins, expiresAtMs: ends, ...rest } = given;
    const facts = {
      ...rest,
      ...(begins !== undefined && { effectiveAtMs: it.nowMs + begins }),
      ...(ends !== undefined && { expiresAtMs: it.nowMs + ends }),
    };
    for (const at of [facts.effectiveAtMs, facts.expiresAtMs]) {
      if (at !== undefined) this.#moments.add(at);
    }
    const id = await it.add('block', amount, facts);
    this.#blocks.push(id);
    const { organisationId } = it;
    const credits = {
      source: 'manual',
      ...facts,
      id,
      organisationId,
      amountNano: nano(amount),
    } as const;
    it.model.add(factsOf(credits), it.nowMs, it.held);
  }

  async #reverse(of: number): Promise<void> {
    const { it } = this;
    const blockId = this.#blocks[of % Math.max(1, this.#blocks.length)];
    if (blockId === undefined) return;
    const reversal = {
      id: it.name('both'),
      blockId,
      amountNano: nano(BigInt(1 + (of % 40))),
      reason: 'refund',
    } as const;
    const answer = await it.credits.reverse(reversal);
    assert.deepEqual(answer, it.model.reverse(reversal, it.nowMs, it.held));
  }
}

export function burningIsSame(pool: Pool) {
  return fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    const both = new Both(await CreditsUnderTest.make(pool));
    for (const next of steps) await both.take(next);
    await both.same();
  });
}
