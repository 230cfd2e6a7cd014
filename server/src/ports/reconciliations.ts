// What the hourly reconciliation keeps: that it was done, and what it has found until it is found no more.

export type Finding = { readonly check: string; readonly detail: string };

/** An hour that is this process's to look at. */
export type ReconciliationRun = {
  readonly hour: Date;
  /** Whether the whole ledger is to be added up; else what is cheap. */
  readonly whole: boolean;
};

export type RunFound = {
  /** What was looked at: what of it is not among the findings is resolved. */
  readonly checks: readonly string[];
  readonly findings: readonly Finding[];
  /** Why not all of it could be looked at. */
  readonly failure?: string;
};

export type RunDone = {
  readonly hour: Date;
  readonly endedAt: Date;
  readonly whole: boolean;
  readonly checks: number;
  readonly differences: number;
  readonly failure?: string;
};

/** An hour of one model on one engine. */
export type MeterHour = {
  readonly hour: Date;
  readonly model: string;
  readonly engine: string;
  readonly requests: number;
  readonly billedInput: number;
  readonly billedOutput: number;
  readonly engineInput: number;
  readonly engineOutput: number;
  /** By its pieces, or a token for four bytes, whichever is more. */
  readonly gatewayOutput: number;
  /** Requests of which the engine reported nothing, and those whose report was not believed. */
  readonly unreported: number;
  readonly doubtful: number;
};

export interface Reconciliations {
  /** Undefined: somebody had this hour, or has it. */
  begin(): Promise<ReconciliationRun | undefined>;
  /** The meters alone: what there is to look at where the whole ledger is not due. */
  meterFindings(): Promise<{
    readonly checks: readonly string[];
    readonly findings: readonly Finding[];
  }>;
  /** Returns what was not known before; each is an alert to the operator, written in the same transaction. */
  end(run: ReconciliationRun, found: RunFound): Promise<readonly Finding[]>;
  last(): Promise<RunDone | undefined>;
  meters(sinceMs: number): Promise<readonly MeterHour[]>;
}
