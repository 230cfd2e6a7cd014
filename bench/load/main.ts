// The load generator as a process of its own: takes plans from its parent, one at a time, and sends back reports.

import type { Plan } from './plan.ts';
import { runPlan } from './run.ts';

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  // `as` because only the benchmark's runner, which is typed by the same file, holds the other end of this channel.
  const plan = message as Plan;
  runPlan(plan, (mark) => process.send?.({ mark })).then(
    (report) => process.send?.({ report }),
    (error: unknown) =>
      process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
  );
});
