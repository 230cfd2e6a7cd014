// Tools: chosen, forced, side by side, in the client's own loop, not at all.

import assert from 'node:assert/strict';
import { z } from 'zod';
import type { ToolSpec } from './client.ts';
import {
  ask,
  assertCounted,
  assertFinished,
  BOTH,
  EMBEDDED,
  SCRIPTED,
  short,
  user,
  type Scenario,
} from './stage.ts';

export const WEATHER: ToolSpec = {
  name: 'weather',
  description: 'Tells the weather.',
  parameters: z.object({ unit: z.enum(['celsius', 'fahrenheit']), days: z.int().min(1).max(7) }),
};
const CLOCK: ToolSpec = {
  name: 'clock',
  description: 'Tells the time.',
  parameters: z.object({}),
};
const WEATHER_INPUT = { unit: 'celsius', days: 2 };
const CALLS_WEATHER = `[[tool=weather:${JSON.stringify(WEATHER_INPUT)}]]`;

export const toolAuto: Scenario = {
  name: 'tool auto',
  engines: SCRIPTED,
  async play(stage) {
    const turns = user(`${CALLS_WEATHER} [[echo]]`);
    const tools = [WEATHER, CLOCK];
    const called = await ask(stage, { turns, tools });
    assert.deepEqual(
      called.calls.map(({ name, input }) => [name, input]),
      [['weather', WEATHER_INPUT]],
    );
    assertFinished(called, 'tools');
    const [call] = called.calls;
    assert.ok(call !== undefined && call.id !== '');
    const answer = await ask(stage, {
      turns: [
        ...turns,
        { role: 'answer', answer: called },
        { role: 'results', results: [{ call, text: 'sunny today' }] },
      ],
      tools,
    });
    assert.equal(answer.text, 'sunny today');
    assert.deepEqual(answer.calls, []);
  },
};

export const toolLoop: Scenario = {
  name: 'tool loop of its own',
  engines: SCRIPTED,
  method: 'loop',
  async play({ client, model, stream }) {
    const ran: unknown[] = [];
    const question = {
      model,
      stream,
      turns: user(`${CALLS_WEATHER} [[echo]]`),
      tools: [WEATHER, CLOCK],
    };
    const answer = await client.loop?.(question, (name, input) => {
      ran.push([name, input]);
      return 'rain tomorrow';
    });
    assert.deepEqual(ran, [['weather', WEATHER_INPUT]]);
    assert.equal(answer?.text, 'rain tomorrow');
  },
};

const FORCING = [{ name: 'weather' }, 'required'] as const;

export const toolForced: Scenario = {
  name: 'tool forced',
  engines: EMBEDDED,
  async play(stage) {
    const turns = user('How is the weather?');
    const words = !stage.client.cannot.includes('tool-choice-words');
    for (const toolChoice of words ? FORCING : FORCING.slice(0, 1)) {
      const called = await ask(stage, { turns, tools: [WEATHER], toolChoice });
      const [call] = called.calls;
      assert.ok(call !== undefined, 'no call');
      assert.equal(call.name, 'weather');
      assert.ok(WEATHER.parameters.safeParse(call.input).success, JSON.stringify(call.input));
      assertCounted(called);
      if (stage.client.cannot.includes('cut')) continue;
      const answer = await ask(stage, {
        turns: [
          ...turns,
          { role: 'answer', answer: called },
          { role: 'results', results: called.calls.map((one) => ({ call: one, text: 'Sunny.' })) },
        ],
        ...short(stage),
      });
      assertCounted(answer);
    }
  },
};

export const toolParallel: Scenario = {
  name: 'tools in parallel',
  engines: SCRIPTED,
  async play(stage) {
    const turns = user(`${CALLS_WEATHER} [[tool=clock:{}]] [[echo]]`);
    const tools = [WEATHER, CLOCK];
    const called = await ask(stage, { turns, tools });
    assert.deepEqual(
      called.calls.map(({ name, input }) => [name, input]),
      [
        ['weather', WEATHER_INPUT],
        ['clock', {}],
      ],
    );
    assert.equal(new Set(called.calls.map(({ id }) => id)).size, 2, 'two ids');
    const results = called.calls.map((call) => ({ call, text: `${call.name} done` }));
    const answer = await ask(stage, {
      turns: [...turns, { role: 'answer', answer: called }, { role: 'results', results }],
      tools,
    });
    assert.equal(answer.text, 'weather done clock done');
  },
};

export const toolNone: Scenario = {
  name: 'tools, none chosen',
  talks: true,
  engines: BOTH,
  needs: ['tool-choice-words'],
  async play(stage) {
    const answer = await ask(stage, {
      tools: [WEATHER],
      toolChoice: 'none',
      ...short(stage),
    });
    assert.deepEqual(answer.calls, []);
    assert.ok(answer.text.length > 0, 'no text');
  },
};
