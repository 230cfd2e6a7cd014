// As ticket.ts, for embeddings: the proof that a request was admitted and paid for in advance.

import type { Embedding } from '../embedding/embedding.ts';
import type { Hold } from '../ledger/hold.ts';

type EmbeddingFacts = {
  readonly requestId: string;
  /** The model's name as the engine knows it. */
  readonly engineModel: string;
  readonly embedding: Embedding;
};

export class EmbeddingTicket {
  readonly requestId: string;
  readonly engineModel: string;
  readonly embedding: Embedding;
  // A private member makes the type nominal: an object literal of the same shape is no ticket.
  readonly #hold: Hold;

  private constructor(facts: EmbeddingFacts, hold: Hold) {
    this.requestId = facts.requestId;
    this.engineModel = facts.engineModel;
    this.embedding = facts.embedding;
    this.#hold = hold;
  }

  static issue(hold: Hold, facts: EmbeddingFacts): EmbeddingTicket {
    return new EmbeddingTicket(facts, hold);
  }

  get heldNano(): bigint {
    return this.#hold.amountNano;
  }
}
