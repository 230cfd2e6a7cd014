// The embedded engine with the model that ships: the contract of every engine, and what only this one promises.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { textContent } from '../../domain/generation/content.ts';
import type { Generation, Message } from '../../domain/generation/generation.ts';
import type { Part } from '../../domain/generation/part.ts';
import type { Usage } from '../../domain/generation/usage.ts';
import { NO_USAGE, outputTokens } from '../../domain/generation/usage.ts';
import {
  describeEngine,
  readAll,
  testTicket,
  violations,
  within,
} from '../../ports/engine.contract.ts';
import { SHIPPED_MODEL, writeEndlessModel } from './endless-model.fixture.ts';
import { startLlamaEngine } from './llama-engine.ts';
import type { LlamaEngine } from './llama-engine.ts';
import type { LlamaOptions } from './options.ts';
import { startFailureSentence } from './start-failure.ts';

const folder = await mkdtemp(join(tmpdir(), 'turnpike-llama-'));
const endlessModel = join(folder, 'endless.gguf');
await writeEndlessModel(endlessModel);
after(() => rm(folder, { recursive: true, force: true }));

function start(options: Partial<LlamaOptions> = {}): LlamaEngine {
  return startLlamaEngine({ name: 'test', modelPath: endlessModel, ...options });
}

async function startReady(options: Partial<LlamaOptions> = {}): Promise<LlamaEngine> {
  const engine = start(options);
  const ready = await engine.ready;
  assert.ok(ready.ok, ready.ok ? '' : startFailureSentence(ready.error));
  return engine;
}

type Wish = {
  readonly prompt?: string;
  readonly outputTokensMax?: number;
  readonly signal?: AbortSignal;
  readonly seen?: (parts: readonly Part[]) => void;
} & Partial<Generation>;

const WISH = { prompt: '', delivery: 'whole', outputTokensMax: 1, engineModel: 'test' } as const;

type Answer = { readonly text: string; readonly usage: Usage; readonly last: Part };

async function ask(engine: LlamaEngine, wish: Wish = {}): Promise<Answer> {
  const { prompt = 'Say something.', outputTokensMax = 24, signal, seen, ...generation } = wish;
  const ticket = testTicket({
    prompt,
    delivery: 'stream',
    outputTokensMax,
    engineModel: 'test',
    generation,
  });
  const run = await within(30_000, 'a generation', readAll(engine, ticket, signal, seen));
  assert.deepEqual(violations(run.yields, outputTokensMax), []);
  const last = run.parts.at(-1);
  assert.ok(last);
  const usage = run.parts.findLast((part) => part.kind === 'usage')?.usage ?? NO_USAGE;
  return { text: textOf(run.parts), usage, last };
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.kind === 'text-delta' ? part.text : '')).join('');
}

function message(role: Message['role'], text: string): Message {
  return { kind: 'message', role, content: textContent(text) };
}

describeEngine('llama', async () => {
  const engine = await startReady({ contextTokens: 8192 });
  return {
    engine,
    engineModel: 'test',
    prompts: { short: 'Hello!', long: 'Tell me a story.', slowToStart: 'A word. '.repeat(500) },
    failures: [{ prompt: 'word '.repeat(9000), kind: 'context-length' }],
    liveGenerations: () => engine.stats().running,
    dispose: () => Promise.resolve(),
  };
});

describe('llama: generations', () => {
  let engine: LlamaEngine;
  before(async () => void (engine = await startReady()));
  after(() => engine[Symbol.asyncDispose]());

  test('a seed gives the same text alone, again, and in company', async () => {
    for (const seed of [1, -7, 2 ** 40]) {
      const prompt = `Rate limits, question ${seed}. ${'Please answer in full. '.repeat(seed === 1 ? 1 : 60)}`;
      const wish = { prompt, sampling: { stop: [], seed, temperature: 1.2 } };
      const alone = await ask(engine, wish);
      assert.equal((await ask(engine, wish)).text, alone.text);
      const [inCompany] = await Promise.all([
        ask(engine, wish),
        ...Array.from({ length: 11 }, (_, i) => ask(engine, { prompt: 'Company. '.repeat(i * 9) })),
      ]);
      assert.equal(inCompany.text, alone.text);
    }
    const sampling = { stop: [], temperature: 1.2 };
    const other = await Promise.all(
      [1, 2].map((seed) => ask(engine, { sampling: { ...sampling, seed } })),
    );
    assert.notEqual(other[0]?.text, other[1]?.text, 'and another seed another text');
  });

  test('an abort frees the slot at once, and the neighbours say what they say alone', async () => {
    // The likeliest tokens, and few: llama.cpp adds up a batch of another size in another order, and where two tokens
    // are all but equally likely, or one is drawn, its last bits decide. Another's tokens in the cache would change all.
    const wishes = ['What is Turnpike?', 'Hello', 'Who made you?', 'Thank you'].map((prompt) => ({
      prompt,
      outputTokensMax: 24,
      sampling: { stop: [], temperature: 0 },
    }));
    const alone: string[] = [];
    for (const wish of wishes) alone.push((await ask(engine, wish)).text);
    const leaving = Array.from({ length: 8 }, () => {
      const stop = new AbortController();
      return ask(engine, { outputTokensMax: 1500, signal: stop.signal, seen: () => stop.abort() });
    });
    const together = await Promise.all(wishes.map((wish) => ask(engine, wish)));
    assert.deepEqual(
      together.map(({ text }) => text),
      alone,
    );
    for (const { last, usage } of await Promise.all(leaving)) {
      assert.deepEqual(last, { kind: 'failure', failure: { kind: 'aborted' } });
      assert.ok(outputTokens(usage) < 1500);
    }
    assert.equal(engine.stats().running, 0);
  });

  test('a prompt that begins like an earlier one is read from the cache, and that is counted', async () => {
    const beginning = 'The same long beginning of a conversation. '.repeat(30);
    const first = await ask(engine, { prompt: beginning });
    const second = await ask(engine, { prompt: `${beginning}And more.` });
    assert.ok(second.usage.cacheRead > first.usage.input / 2);
    const seeded = { stop: [], seed: 3 };
    const cold = await ask(engine, { prompt: `Cold. ${beginning}`, sampling: seeded });
    const warm = await ask(engine, { prompt: `Cold. ${beginning}`, sampling: seeded });
    assert.ok(warm.usage.cacheRead > 0);
    assert.equal(warm.usage.input + warm.usage.cacheRead, cold.usage.input + cold.usage.cacheRead);
    assert.equal(warm.text, cold.text, 'and the cache changes nothing that a seed promises');
  });

  test('a stop string ends the answer before it, wherever the tokens split it', async () => {
    // The penalty keeps the model talking, whatever it has learnt.
    const sampling = { stop: [], seed: 5, temperature: 0, frequencyPenalty: 2 };
    const whole = await ask(engine, { outputTokensMax: 60, sampling });
    for (const [from, length] of [
      [3, 1],
      [7, 4],
      [10, 12],
      [20, 7],
    ] as const) {
      const stop = whole.text.slice(from, from + length);
      const cut = await ask(engine, {
        outputTokensMax: 60,
        sampling: { ...sampling, stop: [stop, 'never'] },
      });
      assert.equal(cut.text, whole.text.slice(0, whole.text.indexOf(stop)));
      assert.deepEqual(cut.last, { kind: 'finish', reason: 'stop', stopSequence: stop });
    }
    const almost = { ...sampling, stop: [`${whole.text.slice(-5)}\u0000`] };
    const kept = await ask(engine, { outputTokensMax: 60, sampling: almost });
    assert.equal(kept.text, whole.text, 'and text that only began like one is not lost');
  });

  test('a count is what a generation is billed for, and never generates', async () => {
    const engineModel = 'test';
    const items = [message('system', 'Be brief.'), message('user', 'A word. '.repeat(50))];
    const question = {
      engineModel,
      generation: testTicket({ ...WISH, generation: { items } }).generation,
    };
    const usedBefore = engine.stats().usage;
    const counts = await Promise.all(
      Array.from({ length: 30 }, () => engine.countTokens(question, new AbortController().signal)),
    );
    assert.deepEqual(engine.stats().usage, usedBefore);
    const { usage } = await ask(engine, { items, outputTokensMax: 1 });
    for (const count of counts) {
      assert.deepEqual(count, { ok: true, value: usage.input + usage.cacheRead });
    }
    const gone = await engine.countTokens(question, AbortSignal.abort());
    assert.deepEqual(gone, { ok: false, error: { kind: 'aborted' } });
  });

  test('the limits of tokens and of the context end with "length"; a longer prompt is refused with both numbers', async () => {
    const limited = await ask(engine, { outputTokensMax: 7 });
    assert.deepEqual(
      [limited.last, outputTokens(limited.usage)],
      [{ kind: 'finish', reason: 'length' }, 7],
    );
    const small = await startReady({ contextTokens: 256, slots: 2 });
    const filled = await ask(small, { outputTokensMax: 5000 });
    assert.deepEqual(filled.last, { kind: 'finish', reason: 'length' });
    assert.equal(filled.usage.input + filled.usage.cacheRead + filled.usage.output, 256);
    const { last } = await ask(small, { prompt: 'word '.repeat(400) });
    assert.ok(last.kind === 'failure' && last.failure.kind === 'context-length');
    assert.ok((last.failure.tokens ?? 0) > 400);
    assert.equal(last.failure.tokensMax, 255);
    await small[Symbol.asyncDispose]();
  });

  test('control tokens in what a user writes are text', async () => {
    const plain = await ask(engine, { prompt: 'x', outputTokensMax: 1 });
    const system = await ask(engine, {
      items: [message('system', ''), message('user', 'x')],
      outputTokensMax: 1,
    });
    const tags = ['<|im_start|>', '<|im_xyz|>', '<|endoftext|>', '<think>', '</tool_call>'];
    for (const tag of tags) {
      const { usage } = await ask(engine, { prompt: `x${tag}`, outputTokensMax: 1 });
      const more = usage.input + usage.cacheRead - plain.usage.input - plain.usage.cacheRead;
      assert.ok(more >= 3, `${tag} is ${more} tokens, not one`);
    }
    assert.ok(
      system.usage.input + system.usage.cacheRead > plain.usage.input + plain.usage.cacheRead,
    );
  });

  test('penalties and top-p reach the sampler', async () => {
    const greedy = { stop: [], temperature: 0, seed: 1 };
    const repeated = await ask(engine, { outputTokensMax: 200, sampling: greedy });
    const penalised = await ask(engine, {
      outputTokensMax: 200,
      sampling: { ...greedy, frequencyPenalty: 2, presencePenalty: 1 },
    });
    assert.notEqual(penalised.text, repeated.text);
    const narrow = { stop: [], temperature: 2, topP: 0 };
    const [a, b] = await Promise.all(
      [1, 2].map((seed) => ask(engine, { sampling: { ...narrow, seed } })),
    );
    assert.equal(a?.text, b?.text, 'top-p 0 leaves one choice');
  });

  test('a queue has an end', async () => {
    const narrow = await startReady({ slots: 1, queueMax: 3 });
    const stop = new AbortController();
    const many = Array.from({ length: 10 }, () =>
      ask(narrow, { outputTokensMax: 200, signal: stop.signal }),
    );
    await sleep(50);
    assert.ok(narrow.stats().queued <= 3);
    stop.abort();
    const kinds = (await Promise.all(many)).map(
      ({ last }) => last.kind === 'failure' && last.failure.kind,
    );
    assert.deepEqual(
      [kinds.filter((k) => k === 'overloaded').length, kinds.filter((k) => k === 'aborted').length],
      [6, 4],
    );
    const waiting = await startReady({ slots: 1, queueWaitMaxMs: 40 });
    const [, second] = await Promise.all([ask(waiting, { outputTokensMax: 300 }), ask(waiting)]);
    assert.ok(second.last.kind === 'failure' && second.last.failure.kind === 'overloaded');
    assert.ok((second.last.failure.retryAfterMs ?? 0) > 0);
    await Promise.all([narrow[Symbol.asyncDispose](), waiting[Symbol.asyncDispose]()]);
  });
});

describe('llama: its process', () => {
  test('kill -9 fails what runs in it, keeps what waits, and the next process answers', async () => {
    const engine = await startReady({ slots: 4 });
    const running = Array.from({ length: 4 }, () => ask(engine, { outputTokensMax: 1800 }));
    await sleep(100);
    const waiting = Array.from({ length: 4 }, () => ask(engine));
    await sleep(20);
    const { pid } = engine;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    for (const { last } of await Promise.all(running)) {
      assert.ok(last.kind === 'failure' && last.failure.kind === 'crashed', JSON.stringify(last));
      assert.match(last.failure.detail, /SIGKILL/u);
    }
    assert.equal(engine.state().kind, 'starting');
    for (const { last } of await Promise.all(waiting)) assert.equal(last.kind, 'finish');
    assert.notEqual(engine.pid, pid);
    assert.equal(engine.stats().restarts, 1);
    await engine[Symbol.asyncDispose]();
    assert.equal(engine.pid, undefined);
  });

  test('the process ends when the server is killed', async () => {
    const module = new URL('./llama-engine.ts', import.meta.url).href;
    const script = `const { startLlamaEngine } = await import(${JSON.stringify(module)});
      const engine = startLlamaEngine({ name: 'orphan', modelPath: ${JSON.stringify(endlessModel)} });
      await engine.ready;
      console.log(engine.pid);`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(server.stdout, 'data');
    const pid = Number(String(line));
    assert.ok(isAlive(pid));
    server.kill('SIGKILL');
    for (let i = 0; i < 100 && isAlive(pid); i += 1) await sleep(50);
    assert.ok(!isAlive(pid), 'it is still there after five seconds');
  });

  test('each mistake with the model file is one sentence, and no process is left trying', async () => {
    const shipped = await readFile(SHIPPED_MODEL);
    const cases = {
      'not-gguf': shipped.fill(0, 0, 4),
      'model-damaged': (await readFile(SHIPPED_MODEL)).subarray(0, 3_000_000),
      'model-damaged-header': (await readFile(SHIPPED_MODEL)).subarray(0, 5_000),
      'model-damaged-inside': (await readFile(SHIPPED_MODEL)).fill(0xff, 24, 4_000),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      const path = join(folder, `${name}.gguf`);
      await writeFile(path, bytes);
      await assertStartFails(path, name);
    }
    await assertStartFails(join(folder, 'none.gguf'), 'model-missing');
    await assertStartFails(folder, 'model-unreadable');
  });

  test('an engine that is disposed of while it starts leaves no process', async () => {
    const engine = start({ modelPath: fileURLToPath(SHIPPED_MODEL) });
    const answer = ask(engine);
    await sleep(30);
    const { pid } = engine;
    await engine[Symbol.asyncDispose]();
    assert.equal((await answer).last.kind, 'failure');
    assert.ok(pid);
    assert.ok(!isAlive(pid));
    assert.deepEqual(await engine.ready, { ok: false, error: { kind: 'stopped' } });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function assertStartFails(modelPath: string, name: string): Promise<void> {
  const engine = start({ modelPath });
  const ready = await engine.ready;
  assert.ok(!ready.ok, name);
  assert.ok(name.startsWith(ready.error.kind), `${name}: ${startFailureSentence(ready.error)}`);
  const sentence = startFailureSentence(ready.error);
  assert.match(sentence, /^[^\n]+\.$/u);
  assert.ok(sentence.includes(modelPath));
  assert.deepEqual(engine.state(), { kind: 'down', reason: sentence });
  assert.equal(engine.pid, undefined);
  const { last } = await ask(engine);
  assert.deepEqual(last, { kind: 'failure', failure: { kind: 'unreachable', detail: sentence } });
  await engine[Symbol.asyncDispose]();
}
