// Memory at rest, before any load and after all of it. The steady figure is taken while the streams are held.

import { memoryNow, type BenchRun } from '../bench-run.ts';

export function recordMemory(run: BenchRun, moment: 'idle' | 'after'): void {
  for (const entrant of run.entrants) {
    for (const [part, bytes] of memoryNow(entrant)) {
      run.measurements.add(entrant.name, `memory.${moment}.${part}`, bytes);
    }
  }
}
