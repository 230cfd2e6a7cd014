// A transaction in the model of the books: what it has locked, how to undo what it did, and what it will have charged.

export type Charged = { readonly organisationId: string; readonly amount: bigint };

/** The locks that one transaction has taken, and how to undo what it did. */
export class Transaction {
  readonly undo: (() => void)[] = [];
  readonly locks = new Set<string>();
  lastLock = '';
  /** By whom, when it is committed. */
  readonly charged: Charged[] = [];
}

export function set<K, V>(transaction: Transaction, map: Map<K, V>, key: K, value: V): void {
  const before = map.get(key);
  transaction.undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
  map.set(key, value);
}

export function remove<K, V>(transaction: Transaction, map: Map<K, V>, key: K): void {
  const before = map.get(key);
  if (before === undefined) return;
  transaction.undo.push(() => map.set(key, before));
  map.delete(key);
}
