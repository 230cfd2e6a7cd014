// What can go wrong, as the client's own kinds of error; waiting and asking again; leaving.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Ask } from './client.ts';
import { ask, BOTH, refusal, SCRIPTED, user, type Scenario } from './stage.ts';

export const longInput: Scenario = {
  name: 'long input',
  engines: BOTH,
  async play(stage) {
    const words = 'toll '.repeat(20_000);
    if (stage.engine === 'scripted') {
      const answer = await ask(stage, { turns: user(`${words}[[tokens=2]]`) });
      assert.equal(answer.usage.input, 20_001);
      return;
    }
    const { status, message } = await refusal(stage, { turns: user(words) });
    if (!stage.client.cannot.includes('status')) assert.equal(status, 400);
    if (stage.client.cannot.includes('error-words')) return;
    assert.match(message, /too long|longer than this model's context/);
  },
};

const STATUSES: readonly (readonly [
  string,
  Partial<Ask>,
  { readonly [protocol: string]: number },
])[] = [
  ['unknown model', { model: 'no-such-model' }, { any: 404 }],
  ['context', { turns: user('[[fail=context]]') }, { any: 400 }],
  ['rejected', { turns: user('[[fail=400]]') }, { any: 400 }],
  ['no credit', { model: 'dear' }, { any: 402 }],
  ['overloaded', { turns: user('[[fail=429]]') }, { any: 503, messages: 529 }],
  ['engine failed', { turns: user('[[fail=500]]') }, { any: 502 }],
];

export const errors: Scenario = {
  name: 'errors by class',
  engines: SCRIPTED,
  async play(stage) {
    const unknown = await refusal({ ...stage, client: stage.stranger }, {});
    if (!stage.client.cannot.includes('status')) assert.equal(unknown.status, 401, unknown.message);
    for (const [what, question, expected] of STATUSES) {
      const { status, message } = await refusal(stage, question);
      if (stage.client.cannot.includes('status')) continue;
      assert.equal(
        status,
        expected[stage.client.protocol] ?? expected['any'],
        `${what}: ${message}`,
      );
      assert.ok(message.length > 10, `${what} says '${message}'`);
    }
  },
};

export const retry: Scenario = {
  name: 'retry after 429',
  engines: SCRIPTED,
  needs: ['retry'],
  async play(stage) {
    const turns = user(`[[fail=429 times=1 id=${randomUUID()}]] [[tokens=1]]`);
    const answer = await ask(stage, { turns, retries: 2 });
    assert.equal(answer.text, 'The ');
  },
};

export const brokenStream: Scenario = {
  name: 'error in the stream',
  engines: SCRIPTED,
  async play(stage) {
    const error = await ask(stage, { turns: user('[[error-after=3]]') }).then(
      () => assert.fail('a broken answer looked whole'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Error, String(error));
  },
};

const ABORT_MS_MAX = 1_500;

export const abort: Scenario = {
  name: 'abort',
  engines: BOTH,
  async play(stage) {
    const leaving = new AbortController();
    const turns = user('Count to a thousand. [[tokens=4000 rate=50]]');
    const { signal } = leaving;
    const leave = (): void => leaving.abort();
    const timer = stage.stream ? undefined : setTimeout(leave, 100);
    const asked = ask(stage, { turns, signal, onText: leave });
    const startMs = performance.now();
    if (stage.engine === 'embedded') {
      // It may have said all it had to say before.
      await asked.catch(() => undefined);
    } else {
      await assert.rejects(asked);
    }
    clearTimeout(timer);
    assert.ok(performance.now() - startMs < ABORT_MS_MAX + 5_000, 'it went on after the abort');
  },
};
