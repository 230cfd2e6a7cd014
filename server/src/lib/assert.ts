// Broken invariants throw, in production too: a wrong number must never become a wrong bill.

export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new BrokenInvariant(invariant);
}

/** For the default branch of an exhaustive switch: it does not type-check while a case is missing. */
export function unreachable(value: never): never {
  throw new BrokenInvariant(`unreachable value ${JSON.stringify(value)}`);
}
