// What the memory of prompts holds on to, and what it may cost at most.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  PROMPT_CHARACTERS_HASHED_MAX,
  PROMPT_LINKS_MAX,
  PROMPT_LINKS_REMEMBERED_MAX,
  PROMPTS_FORGOTTEN_MAX,
  PROMPTS_PER_OWNER_MAX,
  PROMPTS_REMEMBERED_MAX,
} from '../../limits.ts';
import { textContent } from '../generation/content.ts';
import type { Generation } from '../generation/generation.ts';
import { NO_USAGE } from '../generation/usage.ts';
import { promptChain } from './prompt-chain.ts';
import { PromptMemory } from './prompt-memory.ts';

function generation(texts: readonly string[]): Generation {
  return {
    items: texts.map((text) => ({ kind: 'message', role: 'user', content: textContent(text) })),
    tools: [],
    toolChoice: { kind: 'auto' },
    parallelToolCalls: true,
    sampling: { stop: [] },
    output: { kind: 'text' },
    delivery: 'whole',
  };
}

function see(memory: PromptMemory, texts: readonly string[], owner = 'org_1 m', cacheRead = 0) {
  const chain = promptChain(owner, generation(texts));
  const usage = { ...NO_USAGE, input: 500 - cacheRead, cacheRead };
  return memory.see({ owner, model: 'm', chain, usage, nowMs: 0 });
}

describe('the memory of prompts', () => {
  it('knows nothing of one owner’s prompts when another sends the same', () => {
    const memory = new PromptMemory();
    see(memory, ['one', 'two'], 'org_1 m', 400);
    assert.equal(see(memory, ['one', 'two', 'three'], 'org_2 m').missed, 'first-time');
    assert.equal(see(memory, ['one', 'two', 'three'], 'org_1 m').missed, 'engine-dropped');
  });

  it('keeps what was seen last, of each owner and of all, and the hashes of the rest', () => {
    const memory = new PromptMemory();
    const owners = 2 * Math.ceil(PROMPTS_REMEMBERED_MAX / PROMPTS_PER_OWNER_MAX);
    const perOwner = PROMPTS_PER_OWNER_MAX + Math.ceil(PROMPTS_FORGOTTEN_MAX / owners);
    for (let owner = 0; owner < owners; owner++) {
      for (let at = 0; at < perOwner; at++) see(memory, [`${at}`], `org_${owner} m`);
      assert.ok(memory.size.prompts <= (owner + 1) * PROMPTS_PER_OWNER_MAX);
    }
    assert.deepEqual(memory.size, {
      prompts: PROMPTS_REMEMBERED_MAX,
      links: PROMPTS_REMEMBERED_MAX * 3,
      forgotten: PROMPTS_FORGOTTEN_MAX,
    });
    const last = `org_${owners - 1} m`;
    assert.equal(see(memory, [`${perOwner - 1}`, 'x'], last).missed, 'not-reported');
  });

  it('has room for so many items of all, and looks at so many of one', () => {
    const memory = new PromptMemory();
    const prompts = Math.ceil(PROMPT_LINKS_REMEMBERED_MAX / PROMPT_LINKS_MAX) + 1;
    const items = Array.from({ length: PROMPT_LINKS_MAX + 1 }, () => 'x');
    for (let at = 0; at < prompts; at++) see(memory, [`${at}`, ...items], `org_${at % 4} m`);
    assert.equal(memory.size.links, PROMPT_LINKS_REMEMBERED_MAX);
    assert.equal(memory.size.forgotten, 1);
  });

  it('reads so much of one prompt; beyond that the length, the beginning and the end tell', () => {
    const memory = new PromptMemory();
    const long = 'x'.repeat(PROMPT_CHARACTERS_HASHED_MAX);
    const differing = (at: number) => `${long.slice(0, at)}y${long.slice(at + 1)}`;
    const middle = long.length / 2;
    const asked = (first: string, second: string) => {
      see(memory, [first, second, 'question'], 'org_1 m', 400);
      return (one: string, other: string) =>
        see(memory, [one, other, 'question', 'and'], 'org_1 m');
    };
    const again = asked(long, long);
    assert.equal(again(differing(middle), long).at, 'items[0]');
    assert.equal(again(long, `${long}x`).at, 'items[1]');
    assert.equal(again(long, differing(1)).at, 'items[1]');
    assert.equal(again(long, differing(middle)).missed, 'engine-dropped', 'not seen, and cheap');
  });

  it('a prompt that is the beginning of one that was seen is known, and the longer one stays', () => {
    const memory = new PromptMemory();
    see(memory, ['a', 'b', 'c', 'd'], 'org_1 m', 400);
    assert.equal(see(memory, ['a', 'b']).missed, 'engine-dropped');
    assert.deepEqual(memory.size, { prompts: 1, links: 6, forgotten: 0 });
    assert.equal(see(memory, ['a', 'b', 'c', 'd', 'e']).couldReadTokens, 500);
  });
});
