// What a request leans on instead of sending it, and what was found of it.

export type Recollection = {
  /** The response that it goes on from. */
  readonly previousId?: string;
  readonly conversationId?: string;
  /** Ids of items that it names. */
  readonly itemIds: readonly string[];
};

/** Items in the form of the protocol that asks, parsed. */
export type Earlier = {
  /** All that was said before the request's own items, oldest first. */
  readonly items: readonly unknown[];
  /** The items that it names, by id. */
  readonly named: ReadonlyMap<string, unknown>;
};
