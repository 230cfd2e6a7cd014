// The suite that every engine passes, and the pure checker behind it. An engine's own test calls describeEngine
// with a way to set it up; engine.contract.test.ts proves on planted mistakes that the checker can fail.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Ticket } from '../domain/admission/ticket.ts';
import type { EngineFailure } from '../domain/generation/engine-failure.ts';
import type { Generation } from '../domain/generation/generation.ts';
import type { Part } from '../domain/generation/part.ts';
import { isMonotone, isValidUsage, NO_USAGE, outputTokens } from '../domain/generation/usage.ts';
import type { Usage } from '../domain/generation/usage.ts';
import type { Engine } from './engine.ts';
import { toolCallViolations } from './tool-call-order.ts';

/** How long an engine may take to stop, as the port promises. */
const STOP_MAX_MS = 1000;
/** Generous, for a noisy machine: a whole generation of a few dozen tokens. */
const ANSWER_MAX_MS = 30_000;

export type EngineUnderTest = {
  readonly engine: Engine;
  readonly engineModel: string;
  readonly prompts: {
    /** Answered in well under a second. */
    readonly short: string;
    /** Keeps the engine producing for at least three seconds when 5,000 tokens are allowed. */
    readonly long: string;
    /** As `long`; an engine that can be told to think before its first part is told so here. */
    readonly slowToStart: string;
  };
  /** Each prompt makes the engine fail, with that kind; empty where nothing makes it fail on request. */
  readonly failures: readonly { readonly prompt: string; readonly kind: EngineFailure['kind'] }[];
  /** Generations that the engine is still working on, seen from where the work is done. */
  liveGenerations(): number | Promise<number>;
  /** Ends what the setup started beside the engine, such as a server; the suite disposes of the engine itself. */
  dispose(): PromiseLike<void>;
};

export type TicketWish = {
  readonly prompt: string;
  readonly delivery: Generation['delivery'];
  readonly outputTokensMax: number;
  readonly engineModel: string;
  readonly generation?: Partial<Generation>;
};

let ticketsMade = 0;

/** A ticket for tests, with a hold that no ledger knows. */
export function testTicket(wish: TicketWish): Ticket {
  const requestId = `req_test_${++ticketsMade}`;
  return Ticket.issue(
    { requestId, organisationId: 'org_test', amountNano: 1_000_000_000n },
    {
      requestId,
      engineModel: wish.engineModel,
      outputTokensMax: wish.outputTokensMax,
      generation: {
        items: [{ kind: 'message', role: 'user', content: [{ kind: 'text', text: wish.prompt }] }],
        tools: [],
        toolChoice: { kind: 'auto' },
        parallelToolCalls: true,
        sampling: { stop: [] },
        output: { kind: 'text' },
        delivery: wish.delivery,
        ...wish.generation,
      },
    },
  );
}

/** Every way in which a finished sequence of yields breaks the port's promises, one sentence each. */
export function violations(
  yields: readonly (readonly Part[])[],
  outputTokensMax: number,
): string[] {
  const found: string[] = [];
  if (yields.some((parts) => parts.length === 0)) found.push('a yield is empty');
  const parts = yields.flat();
  const last = parts.at(-1);
  if (last === undefined) return [...found, 'there is no part at all'];
  const endings = parts.filter(isEnding).length;
  if (endings !== 1) found.push(`there are ${endings} finish or failure parts, not one`);
  if (!isEnding(last)) found.push(`the last part is ${last.kind}, not finish or failure`);
  found.push(...usageViolations(parts, outputTokensMax), ...toolCallViolations(parts));
  for (const part of parts) {
    if (/^(text|reasoning|refusal)-delta$/.test(part.kind) && 'text' in part && part.text === '') {
      found.push(`a ${part.kind} is empty`);
    }
  }
  return found;
}

function isEnding(part: Part): boolean {
  return part.kind === 'finish' || part.kind === 'failure';
}

function isContent(part: Part): boolean {
  return part.kind.endsWith('-delta') || part.kind === 'tool-call-start';
}

function usageViolations(parts: readonly Part[], outputTokensMax: number): string[] {
  const found: string[] = [];
  let previous: Usage | undefined;
  for (const part of parts) {
    if (part.kind !== 'usage') continue;
    const { usage } = part;
    if (!isValidUsage(usage)) found.push(`usage is not billable: ${JSON.stringify(usage)}`);
    if (!isMonotone(previous ?? NO_USAGE, usage))
      found.push('usage is smaller than the one before');
    if (outputTokens(usage) > outputTokensMax) {
      found.push(
        `usage reports ${outputTokens(usage)} output tokens where ${outputTokensMax} were allowed`,
      );
    }
    previous = usage;
  }
  if (previous === undefined && parts.some((part) => part.kind === 'finish')) {
    found.push('there is a finish without any usage');
  }
  if (previous === undefined && parts.some(isContent))
    found.push('there is content without any usage');
  return found;
}

type Run = { readonly yields: readonly (readonly Part[])[]; readonly parts: readonly Part[] };

const NEVER = new AbortController().signal;

/** Reads a generation to its end; `seen` is called after each yield. */
export async function readAll(
  engine: Engine,
  admitted: Ticket,
  signal: AbortSignal = NEVER,
  seen?: (parts: readonly Part[]) => void,
): Promise<Run> {
  const yields: (readonly Part[])[] = [];
  for await (const parts of engine.generate(admitted, signal)) {
    yields.push(parts);
    seen?.(parts);
  }
  return { yields, parts: yields.flat() };
}

export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      late.reject(new assert.AssertionError({ message: `${what} took more than ${limitMs} ms` })),
    limitMs,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export function describeEngine(name: string, setUp: () => Promise<EngineUnderTest>): void {
  describe(`engine contract: ${name}`, { timeout: 180_000 }, () => {
    let subject: EngineUnderTest;
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

    before(async () => {
      process.on('unhandledRejection', onUnhandled);
      subject = await setUp();
    });
    after(async () => {
      await subject.engine[Symbol.asyncDispose]();
      await subject.dispose();
      process.off('unhandledRejection', onUnhandled);
    });

    const current = (): EngineUnderTest => subject;
    answering(current);
    stopping(current);
    failing(current);

    test('no promise was rejected without a handler', async () => {
      await sleep(10);
      assert.deepEqual(unhandled, []);
    });
  });
}

function answering(current: () => EngineUnderTest): void {
  for (const delivery of ['whole', 'stream'] as const) {
    test(`${delivery}: content, then the final usage, then one finish, then nothing`, async () => {
      const { engine, prompts } = current();
      const run = await answer(engine, ticket(current(), prompts.short, delivery, 64));
      assert.deepEqual(violations(run.yields, 64), []);
      assert.equal(run.parts.at(-1)?.kind, 'finish');
      assert.ok(run.parts.some(isContent), 'it says something');
      assert.ok(outputTokens(lastUsage(run.parts)) > 0, 'and what it says is counted');
      await idle(current());
    });

    test(`${delivery}: no more output tokens than the ticket allows`, async () => {
      const run = await answer(
        current().engine,
        ticket(current(), current().prompts.short, delivery, 2),
      );
      assert.deepEqual(violations(run.yields, 2), []);
      assert.equal(run.parts.at(-1)?.kind, 'finish');
    });
  }

  test('32 generations at once all keep the contract', async () => {
    const { engine, prompts } = current();
    const runs = await Promise.all(
      Array.from({ length: 32 }, (_, i) =>
        answer(engine, ticket(current(), prompts.short, i % 2 === 0 ? 'stream' : 'whole', 16)),
      ),
    );
    for (const run of runs) {
      assert.deepEqual(violations(run.yields, 16), []);
      assert.equal(run.parts.at(-1)?.kind, 'finish');
    }
    await idle(current());
  });

  test('a count, where it can count, is the input that is billed', async () => {
    const { engine, engineModel, prompts } = current();
    const asked = ticket(current(), prompts.short, 'whole', 1);
    const question = { engineModel, generation: asked.generation };
    const counted = await engine.countTokens?.(question, NEVER);
    if (counted === undefined) return;
    if (!counted.ok && counted.error.kind === 'unsupported') return;
    const { input, cacheRead } = lastUsage((await answer(engine, asked)).parts);
    assert.deepEqual(counted, { ok: true, value: input + cacheRead });
  });

  test('a ready engine says so, and a generation that nobody reads starts no work', async () => {
    assert.deepEqual(current().engine.state(), { kind: 'ready' });
    current().engine.generate(ticket(current(), current().prompts.long, 'stream', 5000), NEVER);
    await sleep(50);
    assert.equal(await current().liveGenerations(), 0);
  });
}

function stopping(current: () => EngineUnderTest): void {
  test('abort in the middle: stops within a second, with the usage so far', async () => {
    const stop = new AbortController();
    const long = ticket(current(), current().prompts.long, 'stream', 5000);
    let abortedAtMs = 0;
    const reading = readAll(current().engine, long, stop.signal, (parts) => {
      if (abortedAtMs > 0 || !parts.some(isContent)) return;
      abortedAtMs = performance.now();
      stop.abort();
    });
    const run = await within(ANSWER_MAX_MS, 'an aborted generation', reading);
    assert.ok(performance.now() - abortedAtMs < STOP_MAX_MS, 'the stream ends within a second');
    assertAborted(run);
    assert.ok(outputTokens(lastUsage(run.parts)) > 0, 'what was produced is counted');
    await idle(current());
  });

  for (const delivery of ['whole', 'stream'] as const) {
    test(`${delivery}: abort before the first part stops within a second`, async () => {
      const stop = new AbortController();
      const slow = ticket(current(), current().prompts.slowToStart, delivery, 5000);
      const reading = readAll(current().engine, slow, stop.signal);
      await sleep(20);
      stop.abort();
      assertAborted(await within(STOP_MAX_MS, 'an aborted generation', reading));
      await idle(current());
    });
  }

  test('an already aborted signal starts no work', async () => {
    const long = ticket(current(), current().prompts.long, 'stream', 5000);
    const run = await within(
      STOP_MAX_MS,
      'it',
      readAll(current().engine, long, AbortSignal.abort()),
    );
    assertAborted(run);
    assert.equal(await current().liveGenerations(), 0);
  });

  test('a reader that returns early stops the work', async () => {
    const long = ticket(current(), current().prompts.long, 'stream', 5000);
    for await (const parts of current().engine.generate(long, NEVER)) {
      assert.ok(parts.length > 0);
      break;
    }
    await idle(current());
  });

  test('aborting half of 32 leaves the other half to finish', async () => {
    const { engine, prompts } = current();
    const runs = await Promise.all(
      Array.from({ length: 32 }, async (_, i) => {
        const stop = new AbortController();
        const leaves = i % 2 === 0;
        const wanted = ticket(
          current(),
          leaves ? prompts.long : prompts.short,
          'stream',
          leaves ? 5000 : 16,
        );
        const reading = readAll(engine, wanted, stop.signal, () => leaves && stop.abort());
        return { leaves, run: await within(ANSWER_MAX_MS, 'it', reading) };
      }),
    );
    for (const { leaves, run } of runs) {
      assert.deepEqual(violations(run.yields, 5000), []);
      if (leaves) assertAborted(run);
      else assert.equal(run.parts.at(-1)?.kind, 'finish');
    }
    await idle(current());
  });
}

function failing(current: () => EngineUnderTest): void {
  for (const delivery of ['whole', 'stream'] as const) {
    test(`${delivery}: every failure is a value, and the engine answers afterwards`, async () => {
      for (const { prompt, kind } of current().failures) {
        const run = await answer(current().engine, ticket(current(), prompt, delivery, 64));
        assert.deepEqual(violations(run.yields, 64), [], prompt);
        const last = run.parts.at(-1);
        assert.equal(last?.kind === 'failure' ? last.failure.kind : last?.kind, kind, prompt);
      }
      const run = await answer(
        current().engine,
        ticket(current(), current().prompts.short, delivery, 16),
      );
      assert.equal(run.parts.at(-1)?.kind, 'finish');
      await idle(current());
    });
  }

  test('a disposed engine fails with a value, and may be disposed of twice', async () => {
    const { engine, prompts } = current();
    const during = answer(engine, ticket(current(), prompts.long, 'stream', 5000));
    await sleep(50);
    await within(ANSWER_MAX_MS, 'disposing', Promise.resolve(engine[Symbol.asyncDispose]()));
    const afterwards = await answer(engine, ticket(current(), prompts.short, 'whole', 16));
    for (const run of [await during, afterwards]) {
      assert.deepEqual(violations(run.yields, 5000), []);
      assert.equal(run.parts.at(-1)?.kind, 'failure');
    }
    await engine[Symbol.asyncDispose]();
  });
}

function ticket(
  subject: EngineUnderTest,
  prompt: string,
  delivery: Generation['delivery'],
  outputTokensMax: number,
): Ticket {
  return testTicket({ prompt, delivery, outputTokensMax, engineModel: subject.engineModel });
}

function answer(engine: Engine, wanted: Ticket): Promise<Run> {
  return within(ANSWER_MAX_MS, 'a generation', readAll(engine, wanted));
}

function assertAborted(run: Run): void {
  assert.deepEqual(violations(run.yields, 5000), []);
  assert.deepEqual(run.parts.at(-1), { kind: 'failure', failure: { kind: 'aborted' } });
}

function lastUsage(parts: readonly Part[]): Usage {
  return parts.findLast((part) => part.kind === 'usage')?.usage ?? NO_USAGE;
}

/** The engine's own work has ended, not only our reading of it. */
async function idle(subject: EngineUnderTest): Promise<void> {
  const deadlineMs = performance.now() + STOP_MAX_MS;
  while ((await subject.liveGenerations()) > 0) {
    assert.ok(performance.now() < deadlineMs, 'the engine is still working a second after the end');
    await sleep(5);
  }
}
