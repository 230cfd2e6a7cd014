// Something in a request that could not be done as it was written, and was changed so that the request could be served.
// The client reads it in a header of the answer, the operator in the log.

export type Repair = {
  /** Where: a path of the hub, such as `tools[3].parameters.properties.city.pattern`. */
  readonly field: string;
  /** What became of it, without a full stop. */
  readonly detail: string;
};
