// An engine in our own process that answers what the prompt's markers say: for tests and benchmarks, no network.
// Its wrong usage breaks the port's contract on purpose, when asked to: the gateway must cope with such engines.

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { EmbeddingTicket } from '../../domain/admission/embedding-ticket.ts';
import type { Ticket } from '../../domain/admission/ticket.ts';
import type { Embedded } from '../../domain/embedding/embedding.ts';
import { customToolNames } from '../../domain/generation/custom-tools.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import { mediaIn } from '../../domain/generation/capabilities.ts';
import type { Generation } from '../../domain/generation/generation.ts';
import { scoredToken, type TokenLogprob } from '../../domain/generation/logprobs.ts';
import type { Part } from '../../domain/generation/part.ts';
import { NO_USAGE } from '../../domain/generation/usage.ts';
import type { Usage } from '../../domain/generation/usage.ts';
import { err, ok } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import type { CountQuestion, Engine, EngineState } from '../../ports/engine.ts';
import { embedByRule } from './embed.ts';
import { perform } from './perform.ts';
import type { Ending } from './perform.ts';
import { FaultMemory, finishOf, readScript, wordsBegun } from './script.ts';
import { scriptOf, wordsOf } from './script-of.ts';
import type { Fault, Piece, Script, ScriptedFailure } from './script.ts';

export type ScriptedCounts = {
  readonly live: number;
  readonly finished: number;
  /** Stopped by the reader: by its signal or by an early return. */
  readonly aborted: number;
  /** Ended by a scripted fault. */
  readonly failed: number;
};

const CONTEXT_TOKENS_MAX = 4096;

export class ScriptedEngine implements Engine {
  readonly name: string;
  readonly #memory = new FaultMemory();
  readonly #closing = new AbortController();
  #live = 0;
  #finished = 0;
  #aborted = 0;
  #failed = 0;

  constructor(options: { readonly name?: string } = {}) {
    this.name = options.name ?? 'scripted';
  }

  counts(): ScriptedCounts {
    return {
      live: this.#live,
      finished: this.#finished,
      aborted: this.#aborted,
      failed: this.#failed,
    };
  }

  state(): EngineState {
    return this.#closing.signal.aborted
      ? { kind: 'down', reason: 'It was closed.' }
      : { kind: 'ready' };
  }

  async *generate(ticket: Ticket, signal: AbortSignal): AsyncGenerator<readonly Part[], void> {
    if (signal.aborted) {
      yield [failed({ kind: 'aborted' })];
      return;
    }
    const input = await inputOf(ticket.generation);
    if (ticket.isLarge) await nextTurn();
    const run = new Run(ticket, this.#memory, input);
    let ending: Part | undefined;
    this.#live += 1;
    try {
      for await (const parts of run.parts(signal, this.#closing.signal)) {
        ending = parts.at(-1);
        yield parts;
      }
    } finally {
      this.#live -= 1;
      if (ending?.kind === 'finish') this.#finished += 1;
      else if (ending?.kind === 'failure' && ending.failure.kind !== 'aborted') this.#failed += 1;
      else this.#aborted += 1;
    }
  }

  async countTokens({ generation }: CountQuestion): Promise<Result<number, EngineFailure>> {
    const { fault } = scriptOf(generation);
    if (fault?.kind === 'fail') return err(scriptedFailure(fault.how));
    return ok(await inputOf(generation));
  }

  async embed(
    { embedding }: EmbeddingTicket,
    signal: AbortSignal,
  ): Promise<Result<Embedded, EngineFailure>> {
    if (signal.aborted) return err({ kind: 'aborted' });
    const [first] = embedding.inputs;
    const script = readScript(typeof first === 'string' ? first : '');
    const fault = this.#memory.next(script);
    if (fault?.kind === 'fail') return err(scriptedFailure(fault.how));
    return ok(embedByRule(embedding));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
  }
}

class Run {
  readonly #script: Script;
  readonly #fault: Fault | undefined;
  readonly #ticket: Ticket;
  readonly #customTools: ReadonlySet<string>;
  #usage: Usage;
  /** How many tool calls have begun. */
  #calls = 0;

  constructor(ticket: Ticket, memory: FaultMemory, input: number) {
    const { generation } = ticket;
    this.#script = scriptOf(generation, ticket.engineModel);
    this.#fault = memory.next(this.#script);
    this.#ticket = ticket;
    this.#customTools = customToolNames(ticket.generation);
    this.#usage = { ...NO_USAGE, input };
  }

  async *parts(signal: AbortSignal, closing: AbortSignal): AsyncGenerator<Part[], void> {
    const { outputTokensMax, requestId, generation } = this.#ticket;
    const play = { script: this.#script, fault: this.#fault, outputTokensMax };
    let gathered: Part[] = [];
    for await (const beat of perform(play, AbortSignal.any([signal, closing]))) {
      if (beat.kind === 'end') {
        yield this.#end(beat.how, gathered, closing.aborted);
        return;
      }
      if (beat.kind !== 'turn') {
        if (beat.kind === 'call-start') this.#endCall(gathered);
        gathered.push(this.#scored(partOf(beat, requestId, this.#customTools)));
        this.#count(beat);
      } else if (generation.delivery === 'stream' && gathered.length > 0) {
        yield this.#counted(gathered);
        gathered = [];
      }
    }
  }

  /** The same for the same text, always. */
  #scored(part: Part): Part {
    const { logprobs } = this.#ticket.generation;
    if (logprobs === undefined || part.kind !== 'text-delta') return part;
    return { ...part, logprobs: [scoreOf(part.text, logprobs.top)] };
  }

  #count(piece: Piece): void {
    if (piece.kind === 'call-start') this.#calls += 1;
    const bucket = piece.kind === 'reasoning' ? 'reasoning' : 'output';
    this.#usage = { ...this.#usage, [bucket]: this.#usage[bucket] + 1 };
  }

  #end(how: Ending, gathered: Part[], closed: boolean): Part[] {
    if (how === 'stopped') {
      return this.#counted(gathered, failed(closed ? CLOSED : { kind: 'aborted' }));
    }
    if (how === 'fault' && this.#fault) return this.#fail(gathered, this.#fault);
    this.#endCall(gathered);
    const { usage, stopSequence } = this.#script;
    const finish: Part = {
      kind: 'finish',
      reason: finishOf(this.#script, how === 'complete'),
      ...(stopSequence !== undefined && how === 'complete' && { stopSequence }),
    };
    if (usage === 'right' || usage === 'none') return this.#counted(gathered, finish);
    const wrong = wrongUsage(usage, this.#usage);
    return [...this.#counted(gathered), { kind: 'usage', usage: wrong, source: 'engine' }, finish];
  }

  #endCall(gathered: Part[]): void {
    if (this.#calls > 0) gathered.push({ kind: 'tool-call-end', index: this.#calls - 1 });
  }

  #fail(gathered: Part[], fault: Fault): Part[] {
    switch (fault.kind) {
      case 'fail':
        return [failed(scriptedFailure(fault.how))];
      case 'cut':
        return this.#counted(
          gathered,
          failed({ kind: 'unreachable', detail: 'It was cut by its script.' }),
        );
      case 'error':
        return this.#counted(
          gathered,
          failed({ kind: 'broken', detail: 'It failed by its script.' }),
        );
    }
  }

  #counted(gathered: Part[], ending?: Part): Part[] {
    const counts: Part[] =
      this.#script.usage === 'none'
        ? []
        : [{ kind: 'usage', usage: this.#usage, source: 'engine' }];
    return ending ? [...gathered, ...counts, ending] : [...gathered, ...counts];
  }
}

const CLOSED: EngineFailure = { kind: 'unreachable', detail: 'The engine was closed.' };

function failed(failure: EngineFailure): Part {
  return { kind: 'failure', failure };
}

function partOf(piece: Piece, requestId: string, custom: ReadonlySet<string>): Part {
  switch (piece.kind) {
    case 'reasoning':
      return { kind: 'reasoning-delta', text: piece.text };
    case 'text':
      return { kind: 'text-delta', text: piece.text };
    case 'call-start':
      return {
        kind: 'tool-call-start',
        index: piece.index,
        callId: `call_${requestId}_${piece.index}`,
        name: piece.name,
        ...(custom.has(piece.name) && { tool: 'custom' }),
      };
    case 'call-arguments':
      return custom.has(piece.name)
        ? { kind: 'custom-input-delta', index: piece.index, input: piece.text }
        : { kind: 'tool-call-delta', index: piece.index, arguments: piece.text };
  }
}

/** The token itself with one half, the next likely with a quarter, and so on. */
function scoreOf(text: string, top: number): TokenLogprob {
  const half = (times: number): number => -times * Math.LN2;
  const others = Array.from({ length: top }, (_, i) =>
    scoredToken(Buffer.from(i === 0 ? text : `${text.trimEnd()}${i} `), half(i + 1)),
  );
  return { ...scoredToken(Buffer.from(text), half(1)), top: others };
}

function wrongUsage(kind: 'shrinking' | 'negative' | 'huge', right: Usage): Usage {
  if (kind === 'shrinking') return { ...right, output: Math.floor(right.output / 2) };
  return { ...right, output: kind === 'negative' ? -5 : Number.MAX_SAFE_INTEGER };
}

function scriptedFailure(how: ScriptedFailure): EngineFailure {
  switch (how) {
    case 429:
    case 503:
      return { kind: 'overloaded', retryAfterMs: 1000 };
    case 400:
    case 422:
      return { kind: 'rejected', message: 'The script rejects this request.' };
    case 'context':
      return {
        kind: 'context-length',
        tokens: CONTEXT_TOKENS_MAX + 1,
        tokensMax: CONTEXT_TOKENS_MAX,
      };
    case 401:
    case 500:
      return { kind: 'broken', detail: `It fails with ${how} by its script.` };
  }
}

/** As OpenAI counts an image that is looked at from afar. */
const MEDIA_TOKENS = 85;

/** Words, and in slices where there are many. */
async function inputOf(generation: Generation): Promise<number> {
  const { items, rawPrompts: [raw] = [] } = generation;
  if (raw !== undefined && typeof raw !== 'string') return raw.length;
  const texts = raw === undefined ? items.map(wordsOf) : [raw];
  let words = raw === undefined ? MEDIA_TOKENS * mediaIn(items).length : 0;
  let counted = 0;
  for (const text of texts) {
    let begun = 0;
    for (let from = 0; from < text.length; from += SLICE_CHARACTERS) {
      const to = Math.min(from + SLICE_CHARACTERS, text.length);
      begun += wordsBegun(text, from, to);
      counted += to - from;
      if (counted < SLICE_CHARACTERS) continue;
      counted = 0;
      await nextTurn();
    }
    words += Math.max(1, begun);
  }
  return words;
}

const SLICE_CHARACTERS = 512 * 1024;
