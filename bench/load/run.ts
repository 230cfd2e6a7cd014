// Runs any plan.

import { runPlain } from './plain.ts';
import type { Mark, Plan, Reports } from './plan.ts';
import { runAbandon, runHeld, runStreams } from './streams.ts';

/** The report of the plan's kind. */
export function runPlan(plan: Plan, onMark: (mark: Mark) => void): Promise<Reports[Plan['kind']]> {
  switch (plan.kind) {
    case 'plain':
      return runPlain(plan, onMark);
    case 'streams':
      return runStreams(plan, onMark);
    case 'held':
      return runHeld(plan, onMark);
    case 'abandon':
      return runAbandon(plan);
  }
}
