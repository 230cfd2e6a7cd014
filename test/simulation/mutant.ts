// A mistake that is planted in the product's source as it is loaded.

export type Mutant = {
  readonly name: string;
  /** Below server/src. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Where one mistake takes changes in several places. */
  readonly and?: readonly Pick<Mutant, 'file' | 'find' | 'replace'>[];
  /** Known to catch it; should that have changed, others are tried. */
  readonly seed: number;
};
