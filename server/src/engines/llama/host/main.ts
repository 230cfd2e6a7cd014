// The engine's own process: a crash of native code ends this process and no other. It lives as long as the channel to
// the server that started it.

import { setPriority } from 'node:os';

import type { Generation } from '../../../domain/generation/generation.ts';
import { err } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import type { FromHost, ToHost } from '../host-protocol.ts';
import type { LlamaModelFacts } from '../model-facts.ts';
import type { LlamaStartFailure } from '../start-failure.ts';
import { loadEmbedder } from './embedder.ts';
import type { Embedder } from './embedder.ts';
import { loadModel } from './load-model.ts';
import type { LoadedModel } from './load-model.ts';
import { Outbox } from './outbox.ts';
import { countPrompt, run } from './runner.ts';

/** Below the server, so that generating never delays the answers of others. */
const NICENESS = 5;

/** One of the two, by what the process was started for. */
let loaded: LoadedModel | undefined;
let embedder: Embedder | undefined;
/** A message for each step of loading that is worth showing. */
const PROGRESS_STEP = 0.02;
let progress = 0;
const running = new Map<number, AbortController>();
const outbox = new Outbox((events) => send({ kind: 'events', events }));

function send(message: FromHost): void {
  // A message that can't be sent any more finds no reader: the end of the channel ends this process.
  process.send?.(message, undefined, undefined, () => undefined);
}

function tellProgress(fraction: number): void {
  if (fraction - progress < PROGRESS_STEP && fraction < 1) return;
  progress = fraction;
  send({ kind: 'progress', fraction });
}

async function load({ settings }: ToHost & { kind: 'load' }): Promise<void> {
  if (settings.task === 'embedding') {
    const result = await loadEmbedder(settings, tellProgress);
    if (result.ok) embedder = result.value;
    return tellStart(result);
  }
  const result = await loadModel(settings, tellProgress);
  if (result.ok) loaded = result.value;
  tellStart(result);
}

function tellStart(result: Result<{ readonly facts: LlamaModelFacts }, LlamaStartFailure>): void {
  if (result.ok) send({ kind: 'ready', facts: result.value.facts });
  else send({ kind: 'start-failed', failure: result.error });
}

async function generate(model: LoadedModel, message: ToHost & { kind: 'generate' }): Promise<void> {
  const { id, generation, outputTokensMax } = message;
  const stop = new AbortController();
  running.set(id, stop);
  await run(model, {
    id,
    generation,
    outputTokensMax,
    signal: stop.signal,
    emit: (parts) => outbox.put(id, parts),
  });
  running.delete(id);
}

async function count(model: LoadedModel, id: number, generation: Generation): Promise<void> {
  send({ kind: 'counted', id, counted: await countPrompt(model, generation) });
}

async function embed(by: Embedder, { id, inputs }: ToHost & { kind: 'embed' }): Promise<void> {
  try {
    send({ kind: 'embedded', id, embedded: await by.embed(inputs) });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    send({ kind: 'embedded', id, embedded: err({ kind: 'broken', detail }) });
  }
}

function receive(message: ToHost): void {
  switch (message.kind) {
    case 'load':
      return void load(message);
    case 'generate':
      return void (loaded && generate(loaded, message));
    case 'count':
      return void (loaded && count(loaded, message.id, message.generation));
    case 'embed':
      return void (embedder && embed(embedder, message));
    case 'abort':
      return running.get(message.id)?.abort();
    case 'ping':
      return send({ kind: 'pong', running: running.size, rssBytes: process.memoryUsage.rss() });
  }
}

try {
  setPriority(NICENESS);
} catch {
  // Not allowed everywhere, and only a courtesy.
}
// A Ctrl-C in the terminal reaches this process too; the server must be able to end its streams first.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.once('disconnect', () => process.exit(0));
// Only the server that started this process writes to the channel.
process.on('message', (message) => receive(message as ToHost));
