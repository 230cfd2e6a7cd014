// What every client is taken through. A scenario knows no library and no protocol; it says which engine can play it:
// `scripted` answers what the prompt's markers say, `embedded` is a real and small model, of which only what the server
// guarantees is asked: forms, limits, counts. Nothing here depends on what a model knows.

import assert from 'node:assert/strict';
import {
  maxTokens,
  multiTurn,
  plain,
  pictures,
  reasoning,
  stop,
  stored,
  structured,
  system,
  unicode,
  usage,
} from './answer-scenarios.ts';
import { BOTH, user, type Scenario } from './stage.ts';
import {
  toolAuto,
  toolForced,
  toolLoop,
  toolNone,
  toolParallel,
  WEATHER,
} from './tool-scenarios.ts';
import { abort, brokenStream, errors, longInput, retry } from './trouble-scenarios.ts';

const countTokens: Scenario = {
  name: 'count tokens',
  engines: BOTH,
  method: 'countTokens',
  once: true,
  async play({ client, engine, model }) {
    const question = { model, stream: false, turns: user('one two three'), tools: [WEATHER] };
    const counted = await client.countTokens?.(question);
    if (engine === 'scripted') assert.equal(counted, 3);
    else assert.ok((counted ?? 0) > 3, String(counted));
  },
};

const models: Scenario = {
  name: 'models list',
  engines: BOTH,
  method: 'models',
  once: true,
  async play({ client, model }) {
    const ids = await client.models?.();
    assert.ok(ids?.includes(model), String(ids));
  },
};

const embeddings: Scenario = {
  name: 'embeddings',
  engines: ['scripted'],
  method: 'embed',
  once: true,
  async play({ client }) {
    const vectors = await client.embed?.('embedder', ['one', 'two three', 'one']);
    assert.equal(vectors?.length, 3);
    const [first, second, third] = vectors ?? [];
    assert.ok((first?.length ?? 0) > 1 && first?.every(Number.isFinite));
    assert.deepEqual(third, first, 'the same text, the same vector');
    assert.notDeepEqual(second, first);
  },
};

export const SCENARIOS: readonly Scenario[] = [
  plain,
  system,
  multiTurn,
  toolAuto,
  toolLoop,
  toolForced,
  toolParallel,
  toolNone,
  structured,
  stop,
  maxTokens,
  usage,
  unicode,
  longInput,
  pictures,
  stored,
  reasoning,
  errors,
  retry,
  brokenStream,
  abort,
  countTokens,
  models,
  embeddings,
];
