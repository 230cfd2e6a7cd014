// An engine around another that can't keep JSON, schemas or strict arguments by itself: it tells the model in words,
// checks what comes, asks once more where it is wrong, and fails honestly where it is wrong again. What both tries used
// is one sum. A request that needs none of this goes straight through.

import type { Ticket } from '../../domain/admission/ticket.ts';
import type { Capabilities } from '../../domain/generation/capabilities.ts';
import {
  askedAgain,
  checksOf,
  instructed,
  type Checks,
  type Mistake,
} from '../../domain/generation/checked-output.ts';
import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Part } from '../../domain/generation/part.ts';
import { outputTokens } from '../../domain/generation/usage.ts';
import type { CountQuestion, Engine, EngineState } from '../../ports/engine.ts';
import { Attempt } from './attempt.ts';
import { judge, unusableSchema } from './judge.ts';
import type { SchemaChecker } from './schema-checker.ts';

export class CheckedEngine implements Engine {
  readonly name: string;
  readonly countTokens?: NonNullable<Engine['countTokens']>;
  readonly #inner: Engine;
  readonly #capabilities: Capabilities;
  readonly #checker: SchemaChecker;

  /** The checker is the caller's: many engines can share one. */
  constructor(inner: Engine, capabilities: Capabilities, checker: SchemaChecker) {
    this.name = inner.name;
    this.#inner = inner;
    this.#capabilities = capabilities;
    this.#checker = checker;
    const count = inner.countTokens?.bind(inner);
    if (count !== undefined) {
      this.countTokens = (question, signal) => count(this.#asked(question), signal);
    }
  }

  state(): EngineState {
    return this.#inner.state();
  }

  generate(ticket: Ticket, signal: AbortSignal): AsyncIterable<readonly Part[]> {
    const checks = checksOf(ticket.generation, this.#capabilities);
    if (checks === undefined) return this.#inner.generate(ticket, signal);
    return this.#checked(ticket, checks, signal);
  }

  async *#checked(
    ticket: Ticket,
    checks: Checks,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Part[], void> {
    const unusable = await unusableSchema(ticket.generation, checks, this.#checker);
    if (unusable !== undefined) {
      yield [failed(unusable)];
      return;
    }
    const asked = instructed(ticket.generation, checks, this.#capabilities);
    const first = new Attempt(checks);
    yield* this.#run(ticket.asking(asked, ticket.outputTokensMax), first, signal);
    const verdict = await judge(first, checks, this.#checker);
    if (verdict.kind === 'answer') {
      yield verdict.parts;
      return;
    }

    const left = ticket.outputTokensMax - outputTokens(first.usage);
    yield [first.usagePart];
    if (left < 1) {
      yield verdict.fallback ?? [failed(invalid(verdict.mistake))];
      return;
    }
    const again = askedAgain(asked, checks, first, verdict.mistake);
    const second = new Attempt(checks, first.usage);
    yield* this.#run(ticket.asking(again, left), second, signal);
    const last = await judge(second, checks, this.#checker);
    // Where the engine counts nothing, the first try would be lost.
    yield [second.usagePart];
    if (last.kind === 'answer') yield last.parts;
    else yield last.fallback ?? verdict.fallback ?? [failed(invalid(last.mistake))];
  }

  /** Passes on what may go out at once. */
  async *#run(
    ticket: Ticket,
    attempt: Attempt,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Part[], void> {
    for await (const parts of this.#inner.generate(ticket, signal)) {
      const out = attempt.take(parts);
      if (out.length > 0) yield out;
    }
  }

  /** What is told to the model is part of the prompt. */
  #asked(question: CountQuestion): CountQuestion {
    const { generation } = question;
    const checks = checksOf(generation, this.#capabilities);
    if (checks === undefined) return question;
    return { ...question, generation: instructed(generation, checks, this.#capabilities) };
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]();
  }
}

function failed(failure: EngineFailure): Part {
  return { kind: 'failure', failure };
}

function invalid({ problem }: Mistake): EngineFailure {
  return { kind: 'invalid-output', problem };
}
