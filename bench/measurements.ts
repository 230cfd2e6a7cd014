// All figures of a run: one value per contender, metric and round, and the medians over the rounds.

/** A defect that a contender showed; a figure beside one is not worth much. */
export type Defect = {
  readonly contender: string;
  readonly scenario: string;
  readonly errors: number;
  readonly firstError: string;
};

export class Measurements {
  readonly #values = new Map<string, Map<string, number[]>>();
  readonly defects: Defect[] = [];

  /** Adds the value of the contender's next round of this metric. */
  add(contender: string, metric: string, value: number): void {
    const metrics = this.#values.get(contender) ?? new Map<string, number[]>();
    this.#values.set(contender, metrics);
    const rounds = metrics.get(metric) ?? [];
    metrics.set(metric, rounds);
    rounds.push(value);
  }

  addDefect(
    contender: string,
    scenario: string,
    found: { errors: number; firstError: string | null },
  ): void {
    if (found.errors === 0) return;
    this.defects.push({
      contender,
      scenario,
      errors: found.errors,
      firstError: found.firstError ?? '',
    });
  }

  rounds(contender: string, metric: string): readonly number[] {
    return this.#values.get(contender)?.get(metric) ?? [];
  }

  /** Undefined when it was not measured. */
  median(contender: string, metric: string): number | undefined {
    return median(this.rounds(contender, metric));
  }

  /** The median of what the contender adds to the baseline, each round compared with the same round. */
  medianAdded(contender: string, baseline: string, metric: string): number | undefined {
    const base = this.rounds(baseline, metric);
    const added = this.rounds(contender, metric).flatMap((value, round) => {
      const over = base[round];
      return over === undefined ? [] : [value - over];
    });
    return median(added);
  }

  /** Metrics of a contender that begin with the prefix. */
  metrics(contender: string, prefix: string): string[] {
    return [...(this.#values.get(contender)?.keys() ?? [])].filter((metric) =>
      metric.startsWith(prefix),
    );
  }

  toJSON(): Record<
    string,
    Record<string, { median: number | undefined; rounds: readonly number[] }>
  > {
    return Object.fromEntries(
      [...this.#values].map(([contender, metrics]) => [
        contender,
        Object.fromEntries(
          [...metrics].map(([metric, rounds]) => [metric, { median: median(rounds), rounds }]),
        ),
      ]),
    );
  }
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
