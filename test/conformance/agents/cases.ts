// What every agent is taken through: an answer, a tool loop, going on from a session, and everything that can break.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Agent, Told } from './agent.ts';

export type Case = { readonly name: string; play(agent: Agent): Promise<Told> };

/** The fault happens so many times, then the answer comes. */
function relents(name: string, fault: string, times: number): Case {
  return {
    name,
    async play(agent) {
      const prompt = `Go. [[${fault} times=${times} id=${randomUUID()}]] [[tokens=4]]`;
      const told = await agent.ask({ prompt });
      assert.match(told.text, /The toll is paid/, told.text);
      return told;
    },
  };
}

export const CASES: readonly Case[] = [
  {
    name: 'answer',
    async play(agent) {
      const told = await agent.ask({ prompt: 'Say something. [[tokens=4]]' });
      assert.equal(told.exitCode, 0, told.text);
      assert.match(told.text, /The toll is paid/);
      return told;
    },
  },
  {
    name: 'tool loop',
    async play(agent) {
      const told = await agent.ask({ prompt: agent.shellPrompt('echo gate-$((40 + 2))') });
      assert.match(told.text, /gate-42/, told.text);
      return told;
    },
  },
  {
    name: 'resume',
    async play(agent) {
      const first = await agent.ask({ prompt: 'Remember this. [[tokens=2]]' });
      assert.ok(first.session !== undefined, first.text);
      const told = await agent.ask({ prompt: 'And now? [[tokens=4]]', session: first.session });
      assert.match(told.text, /The toll is paid/, told.text);
      return told;
    },
  },
  relents('overloaded, twice', 'fail=429', 2),
  relents('engine failed, twice', 'fail=500', 2),
  relents('cut in the stream', 'cut-after=3', 1),
  relents('error in the stream', 'error-after=3', 1),
  {
    name: 'context too long',
    async play(agent) {
      const told = await agent.ask({ prompt: 'Go. [[fail=context]]' });
      assert.match(told.text, /too long|context/i, told.text);
      return told;
    },
  },
];
