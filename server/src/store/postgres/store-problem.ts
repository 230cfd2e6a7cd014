// What can go wrong with the store while it runs: it is being mended, or needs the operator.

export type StoreProblem = {
  readonly kind:
    | 'connection-lost'
    | 'connection-restored'
    | 'fenced'
    | 'record-refused'
    /** PostgreSQL does not have what it had committed: the process must stop. */
    | 'books-lost'
    /** The settlement log can't be written any more: the process must stop. */
    | 'log-broken'
    | 'log-full';
  readonly sentence: string;
};
