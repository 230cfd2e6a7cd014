// Several answers to one prompt: one ticket and one hold, the input once, every output, and one fate for all.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Ticket } from '../domain/admission/ticket.ts';
import type { Part } from '../domain/generation/part.ts';
import { NO_USAGE, type Usage } from '../domain/generation/usage.ts';
import { costOf, outputCostMax } from '../domain/pricing/cost.ts';
import type { Engine } from '../ports/engine.ts';
import { newRequestId } from '../lib/ids.ts';
import { ok } from '../lib/result.ts';
import { openaiCompletions } from '../protocols/openai-completions/openai-completions.ts';
import { serve } from './serve.ts';
import { creditFor, MemorySink, PLENTY, PRICE, Turnstile } from './turnstile.fixture.ts';

const used = (input: number, output: number, reasoning = 0): Usage => ({
  ...NO_USAGE,
  input,
  output,
  reasoning,
});

function choicesOf(sink: MemorySink) {
  return sink.events.flatMap(({ choices = [] }) => choices);
}

/** Says what it is told for each choice, in the order in which it is asked. */
class CastEngine implements Engine {
  readonly name = 'cast';
  readonly tickets: Ticket[] = [];
  readonly #roles: readonly (readonly Part[])[];

  constructor(roles: readonly (readonly Part[])[]) {
    this.#roles = roles;
  }

  state(): { readonly kind: 'ready' } {
    return { kind: 'ready' };
  }

  async *generate(ticket: Ticket, signal: AbortSignal): AsyncGenerator<readonly Part[], void> {
    const role = this.#roles[this.tickets.length] ?? [];
    this.tickets.push(ticket);
    for (const part of role) yield [part];
    const last = role.at(-1);
    if (last?.kind === 'finish' || last?.kind === 'failure') return;
    while (!signal.aborted) await new Promise(setImmediate);
    yield [
      { kind: 'usage', usage: used(3, 9), source: 'engine' },
      { kind: 'failure', failure: { kind: 'aborted' } },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

describe('several answers to one prompt', () => {
  it('I7 are told apart by their index, and cost their input once and each its output', async () => {
    for (const stream of [false, true]) {
      const turnstile = await Turnstile.with(PLENTY);
      const stream_options = stream ? { include_usage: true } : null;
      const sink = await turnstile.whole('go [[tokens=7 reasoning=2]]', {
        n: 3,
        stream,
        stream_options,
      });
      const usage = used(3, 21, 6);
      assert.deepEqual(turnstile.ledger.settled.usage, usage);
      assert.equal(PLENTY - turnstile.balanceNano, costOf(usage, PRICE));
      const told = stream ? sink.lastEvent.usage : sink.json.usage;
      assert.deepEqual([told.prompt_tokens, told.completion_tokens], [3, 27]);
      const text = 'The toll is paid and the gate ';
      const texts = [0, 1, 2].map((index) => {
        if (!stream) return sink.json.choices?.[index]?.message.content;
        const own = choicesOf(sink).filter((choice) => choice.index === index);
        assert.equal(own[0]?.delta.role, 'assistant');
        assert.equal(own.at(-1)?.finish_reason, 'stop');
        assert.equal(own.filter(({ finish_reason: reason }) => reason !== null).length, 1);
        return own.map(({ delta }) => delta.content ?? '').join('');
      });
      assert.deepEqual(texts, [text, text, text]);
      turnstile.assertAtRest();
    }
  });

  it('come interleaved while they are made', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = await turnstile.stream('[[tokens=20 rate=100]]', { n: 2 });
    const order = choicesOf(sink).map(({ index }) => index);
    const changes = order.filter((index, at) => at > 0 && index !== order[at - 1]).length;
    assert.ok(changes > 2, order.join(''));
    assert.ok(sink.isDone);
  });

  it('each get an own seed, and a hold that covers all of them', async () => {
    const finish: Part[] = [
      { kind: 'text-delta', text: 'x' },
      { kind: 'usage', usage: used(3, 1), source: 'engine' },
      { kind: 'finish', reason: 'length' },
    ];
    const engine = new CastEngine([finish, finish, finish]);
    const turnstile = await Turnstile.with(PLENTY, engine);
    const more = { model: 'given', n: 3, seed: 41, max_tokens: 100 };
    const sink = await turnstile.whole('go', more);
    assert.deepEqual(
      sink.json.choices?.map(({ finish_reason: reason }) => reason),
      ['length', 'length', 'length'],
    );
    const told = engine.tickets.map(({ generation, outputTokensMax }) => [
      generation.sampling.seed,
      outputTokensMax,
    ]);
    assert.deepEqual(told, [
      [41, 100],
      [42, 100],
      [43, 100],
    ]);
    const [hold] = turnstile.ledger.holds;
    assert.ok(hold !== undefined && hold.wantNano >= outputCostMax(300, PRICE));
  });

  it('share what credit there is', async () => {
    const engine = new CastEngine([[], []]);
    const credit = await creditFor('go', (price) => outputCostMax(101, price));
    const turnstile = await Turnstile.with(credit, engine);
    const sink = new MemorySink();
    setTimeout(() => sink.leave(), 20);
    await turnstile.whole('go', { model: 'given', n: 2, max_tokens: 1_000 }, { sink });
    assert.deepEqual(
      engine.tickets.map(({ outputTokensMax }) => outputTokensMax),
      [50, 50],
    );
    turnstile.assertAtRest();
  });

  it('fail together, whichever of them fails, and then cost nothing', async () => {
    for (const failing of [0, 1]) {
      const failure: Part = { kind: 'failure', failure: { kind: 'broken', detail: 'Broken.' } };
      const talking: Part = { kind: 'text-delta', text: 'x' };
      const roles = failing === 0 ? [[failure], [talking]] : [[talking], [failure]];
      const turnstile = await Turnstile.with(PLENTY, new CastEngine(roles));
      const sink = await turnstile.whole('go', { model: 'given', n: 2 });
      assert.equal(sink.status, 502);
      assert.equal(turnstile.ledger.settled.outcome, 'failed');
      assert.equal(turnstile.balanceNano, PLENTY);
      turnstile.assertAtRest();
    }
  });

  it('all stop when the client leaves, which pays for what each has produced', async () => {
    const talking: Part = { kind: 'text-delta', text: 'x' };
    const turnstile = await Turnstile.with(PLENTY, new CastEngine([[talking], [talking]]));
    const sink = new MemorySink((self) => {
      if (self.writes === 2) self.leave();
      return undefined;
    });
    await turnstile.stream('go', { model: 'given', n: 2 }, { sink });
    assert.equal(sink.state, 'destroyed');
    assert.equal(turnstile.ledger.settled.outcome, 'client-left');
    assert.deepEqual(turnstile.ledger.settled.usage, used(3, 18));
    turnstile.assertAtRest();
  });

  it('extend their grant together', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = await turnstile.stream('[[tokens=900]]', { n: 3, max_tokens: 1_000 });
    assert.ok(sink.isDone);
    assert.equal(turnstile.ledger.settled.usage.output, 2_700);
    assert.ok(turnstile.ledger.extensions.length >= 1);
    turnstile.assertAtRest();
  });

  it('I7 to several raw prompts cost the input of each prompt once', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink();
    const prompt = ['one two [[tokens=2]]', '[[tokens=3]]'];
    const body = { model: 'priced', prompt, n: 2, echo: true };
    const call = {
      requestId: newRequestId(Date.now()),
      authorization: `Bearer ${turnstile.key}`,
      headers: {},
      readJson: async () => ok(body),
    };
    await serve(turnstile.gateway, openaiCompletions, call, sink);
    const answer = JSON.parse(sink.text) as { choices: { text: string }[] }; // a wrong one fails below
    const texts = prompt.map((one, at) => `${one}${at === 0 ? 'The toll ' : 'The toll is '}`);
    assert.deepEqual(
      answer.choices.map(({ text }) => text),
      [texts[0], texts[0], texts[1], texts[1]],
    );
    assert.deepEqual(turnstile.ledger.settled.usage, used(4, 10));
    turnstile.assertAtRest();
  });
});
