// An amount of the customer's credits that is set aside for one request and can be spent by nothing else.

export type Hold = {
  readonly requestId: string;
  readonly organisationId: string;
  /** What is set aside so far, in nano-dollars; grows when a stream's grant is extended. */
  readonly amountNano: bigint;
  /** The windows of budgets that as much is set aside in. */
  readonly budgets?: readonly string[];
};
