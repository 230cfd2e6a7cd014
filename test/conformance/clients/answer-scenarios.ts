// Answers without tools: turns, forms, limits, counts.

import assert from 'node:assert/strict';
import { z } from 'zod';
import {
  ask,
  assertCounted,
  assertFinished,
  BOTH,
  SCRIPTED,
  refusal,
  short,
  slack,
  user,
  type Scenario,
} from './stage.ts';

export const plain: Scenario = {
  name: 'plain',
  talks: true,
  engines: BOTH,
  async play(stage) {
    const turns = user('one two three [[tokens=4]]');
    const answer = await ask(stage, { turns, ...short(stage) });
    assertCounted(answer);
    if (stage.engine === 'embedded') return assert.ok(answer.text.length > 0, 'no text');
    assert.equal(answer.text.trim(), 'The toll is paid');
    assertFinished(answer, 'stop');
  },
};

export const system: Scenario = {
  name: 'system',
  talks: true,
  engines: BOTH,
  async play(stage) {
    const bare = await ask(stage, short(stage));
    const answer = await ask(stage, { system: 'Be very brief.', ...short(stage) });
    const more = answer.usage.input - bare.usage.input;
    if (stage.engine === 'scripted') assert.equal(more, 3, 'the words of the system message');
    else assert.ok(more >= 3, `the system message has ${more} tokens`);
  },
};

export const multiTurn: Scenario = {
  name: 'multi-turn',
  talks: true,
  engines: BOTH,
  async play(stage) {
    const first = await ask(stage, short(stage));
    const turns = [
      { role: 'user', text: 'Hello there.' },
      { role: 'answer', answer: first },
      { role: 'user', text: 'And you?' },
    ] as const;
    const second = await ask(stage, { turns, ...short(stage) });
    const more = second.usage.input - first.usage.input;
    if (stage.engine === 'scripted') assert.equal(more, 8 + 2, 'its answer and our question');
    else assert.ok(more > 3, `the second turn adds ${more} tokens`);
  },
};

/** Only what every client hands on: some take bounds and even lists of values out of a schema. */
const SHAPE = z.object({ warm: z.boolean(), wet: z.boolean() });
const SHAPED = { warm: true, wet: false };

export const structured: Scenario = {
  name: 'structured output',
  engines: BOTH,
  async play(stage) {
    const turns = user(`[[echo]] ${JSON.stringify(SHAPED)}`);
    const answer = await ask(stage, { turns, schema: SHAPE });
    const value: unknown = answer.parsed ?? JSON.parse(answer.text);
    assert.ok(SHAPE.safeParse(value).success, JSON.stringify(value));
    if (stage.engine === 'scripted') assert.deepEqual(value, SHAPED);
  },
};

export const stop: Scenario = {
  name: 'stop',
  engines: SCRIPTED,
  needs: ['stop'],
  async play(stage) {
    const answer = await ask(stage, { turns: user('[[stopped-by=END]]'), stop: ['END', 'STOP'] });
    assertFinished(answer, 'stop');
    assert.ok(!answer.text.includes('END'));
  },
};

export const maxTokens: Scenario = {
  name: 'max tokens',
  engines: BOTH,
  needs: ['cut'],
  async play(stage) {
    const answer = await ask(stage, { turns: user('[[tokens=40]]'), maxTokens: 16 });
    const { cannot } = stage.client;
    if (stage.engine === 'embedded') {
      return assert.ok(cannot.includes('streams-usage') || answer.usage.output <= 16);
    }
    assert.equal(answer.usage.output, 16 + slack(stage));
    if (!stage.client.name.startsWith('agents')) assertFinished(answer, 'length');
  },
};

export const usage: Scenario = {
  name: 'usage',
  engines: SCRIPTED,
  async play(stage) {
    const answer = await ask(stage, { turns: user('one two three [[tokens=5]]') });
    assert.deepEqual(answer.usage, { input: 4, output: 5 + slack(stage) });
  },
};

export const unicode: Scenario = {
  name: 'unicode',
  talks: true,
  engines: BOTH,
  async play(stage) {
    const text = 'Zürich 北京 👩‍👩‍👧 עברית e\u0301 \u{1F1F5}\u{1F1F9} "quoted\\" \u2028 end';
    const answer = await ask(stage, {
      turns: user(`[[echo]]${text}`),
      ...short(stage),
    });
    if (stage.engine === 'scripted') assert.equal(answer.text, text);
    else assertCounted(answer);
  },
};

/** One red dot. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** What the scripted engine counts for a picture. */
const PICTURE_TOKENS = 85;

export const pictures: Scenario = {
  name: 'pictures',
  engines: BOTH,
  async play(stage) {
    const turns = [
      { role: 'user', text: 'What is here? [[tokens=1]]', pictures: [PNG, PNG] },
    ] as const;
    if (stage.engine === 'scripted') {
      const { usage: counted } = await ask(stage, { turns });
      assert.equal(counted.input, 4 + 2 * PICTURE_TOKENS);
    } else {
      // The model that ships can't see, and says so.
      const { status, message } = await refusal(stage, { turns });
      if (!stage.client.cannot.includes('status')) assert.equal(status, 400, message);
      if (!stage.client.cannot.includes('error-words')) assert.match(message, /image/i);
    }
  },
};

export const stored: Scenario = {
  name: 'going on from what is stored',
  engines: SCRIPTED,
  needs: ['stored'],
  async play(stage) {
    const first = await ask(stage, { turns: user('one two [[tokens=3]]'), keep: true });
    const next = { turns: user('And now? [[tokens=2]]'), after: first };
    const second = await ask(stage, next);
    assert.equal(second.text.trim(), 'The toll');
    assert.equal(second.usage.input, 3 + 3 + 3, 'the first question, its answer, the second');
    const third = await ask(stage, { turns: user('Once more. [[tokens=1]]'), after: second });
    assert.equal(third.usage.input, 9 + 2 + 3, 'all that came before');
  },
};

export const reasoning: Scenario = {
  name: 'reasoning',
  engines: SCRIPTED,
  async play(stage) {
    const turns = user('[[reasoning=3 tokens=2]]');
    const answer = await ask(stage, { turns, reasoning: true });
    assert.equal(answer.text, 'The toll ');
    assert.equal(answer.usage.output, 5 + slack(stage));
    if (!stage.client.cannot.includes('reasoning-text')) {
      assert.equal(answer.reasoning.trim(), 'hm hm hm');
    }
    const again = await ask(stage, {
      turns: [...turns, { role: 'answer', answer }, { role: 'user', text: 'More. [[tokens=1]]' }],
      reasoning: true,
    });
    assert.equal(again.text, 'The ');
  },
};
