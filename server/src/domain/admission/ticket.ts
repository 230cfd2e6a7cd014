// A ticket is the proof that a generation was admitted and paid for in advance. Engines take nothing else, so
// unmetered generation does not type-check; only gateway/ issues tickets (tools/tidy.test.ts checks it).

import type { Generation } from '../generation/generation.ts';
import type { Hold } from '../ledger/hold.ts';

type TicketFacts = {
  readonly requestId: string;
  /** The model's name as the engine knows it. */
  readonly engineModel: string;
  readonly generation: Generation;
  /** The engine must not produce more output tokens than this, reasoning included. */
  readonly outputTokensMax: number;
  /** So large that an engine in this process must work on it in slices. Absent means no. */
  readonly isLarge?: boolean;
};

export class Ticket {
  readonly requestId: string;
  readonly engineModel: string;
  readonly generation: Generation;
  readonly outputTokensMax: number;
  readonly isLarge: boolean;
  // A private member makes the type nominal: an object literal of the same shape is no ticket.
  readonly #hold: Hold;

  private constructor(facts: TicketFacts, hold: Hold) {
    this.requestId = facts.requestId;
    this.engineModel = facts.engineModel;
    this.generation = facts.generation;
    this.outputTokensMax = facts.outputTokensMax;
    this.isLarge = facts.isLarge === true;
    this.#hold = hold;
  }

  static issue(hold: Hold, facts: TicketFacts): Ticket {
    return new Ticket(facts, hold);
  }

  /** For one of several answers that one hold pays for: it has its own prompt and its own seed. */
  ofChoice(choice: number): Ticket {
    const { generation, ...facts } = this;
    const { sampling, rawPrompts, choices = 1 } = generation;
    const { seed } = sampling;
    const prompt = rawPrompts?.[Math.floor((choice * rawPrompts.length) / choices)];
    const own = {
      ...generation,
      ...(seed !== undefined && { sampling: { ...sampling, seed: seed + choice } }),
      ...(prompt !== undefined && { rawPrompts: [prompt] }),
    };
    return new Ticket({ ...facts, generation: own }, this.#hold);
  }

  /** The same request on the same hold, asked in another way and for no more output than before. */
  asking(generation: Generation, outputTokensMax: number): Ticket {
    const { requestId, engineModel, isLarge } = this;
    const bounded = Math.min(outputTokensMax, this.outputTokensMax);
    const facts = { requestId, engineModel, isLarge, generation, outputTokensMax: bounded };
    return new Ticket(facts, this.#hold);
  }

  get heldNano(): bigint {
    return this.#hold.amountNano;
  }
}
