// The benchmark: starts the upstream and all contenders, gives each the same work in turn, prints one table.

import { writeFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRun } from './bench-run.ts';
import { benchCodec } from './codec/main.ts';
import { gather, type Absence } from './gather.ts';
import { checkGoals, renderGoals } from './goals.ts';
import { busyWarning, loadNow, machine } from './machine.ts';
import { HELP, parseOptions, type Options } from './options.ts';
import { abandonScenario } from './scenarios/abandon.ts';
import { firstTokenScenario } from './scenarios/first-token.ts';
import { heldScenario } from './scenarios/held.ts';
import { benchMoney } from './money/main.ts';
import { recordMemory } from './scenarios/memory.ts';
import { nodelayScenario } from './scenarios/nodelay.ts';
import { plainScenario } from './scenarios/plain.ts';
import { warmup } from './scenarios/warmup.ts';
import type { ScenarioName } from './schedule.ts';
import { renderTable } from './table.ts';

const LATEST = fileURLToPath(new URL('./results/latest.json', import.meta.url));
const SCENARIO_STEPS: Readonly<Record<ScenarioName, (run: BenchRun) => Promise<void>>> = {
  plain: plainScenario,
  'first-token': firstTokenScenario,
  held: heldScenario,
  nodelay: nodelayScenario,
  abandon: abandonScenario,
};

const parsed = parseOptions(process.argv.slice(2));
if (parsed === 'help') process.stdout.write(HELP);
else if ('error' in parsed) {
  process.stderr.write(`${parsed.error}\n`);
  process.exitCode = 2;
} else if (parsed.codec) await benchCodec(parsed, say);
else if (parsed.money) await benchMoney(parsed, say);
else await bench(parsed);

async function bench(options: Options): Promise<void> {
  const startMs = performance.now();
  await using scope = new AsyncDisposableStack();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void scope.disposeAsync().finally(() => process.exit(1)));
  }
  const { run, absences } = await gather(options, scope, say);
  const loadBefore = loadNow();
  recordMemory(run, 'idle');
  await warmup(run);
  for (const scenario of options.scenarios) await SCENARIO_STEPS[scenario](run);
  recordMemory(run, 'after');
  const seconds = (performance.now() - startMs) / 1000;
  const conditions = `${machine()}; load ${loadBefore} before, ${loadNow()} after; ${seconds.toFixed(0)} s`;
  print(run, absences, [conditions, busyWarning(loadBefore) ?? '']);
  await writeResults(run, absences, options, seconds);
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

function print(run: BenchRun, absences: readonly Absence[], conditions: readonly string[]): void {
  const names = run.entrants.map((entrant) => entrant.name);
  const notes = [
    ...run.entrants.map((entrant) => `${entrant.name}: ${entrant.running.version}`),
    ...absences.map((absence) => `${absence.name}: not available: ${absence.reason}`),
    ...run.measurements.defects.map(
      (defect) =>
        `${defect.contender}, ${defect.scenario}: ${defect.errors} errors, the first: ${defect.firstError}`,
    ),
  ];
  const goals = renderGoals(checkGoals(run.measurements, run.schedule));
  process.stdout.write(
    `\n${renderTable(run.measurements, names, run.schedule)}\n\n${goals}\n\n${notes.join('\n')}\n${conditions.join('\n')}\n`,
  );
}

async function writeResults(
  run: BenchRun,
  absences: readonly Absence[],
  options: Options,
  seconds: number,
): Promise<void> {
  const results = {
    at: new Date().toISOString(),
    quick: options.quick,
    seconds: Math.round(seconds),
    machine: machine(),
    contenders: run.entrants.map((entrant) => ({
      name: entrant.name,
      version: entrant.running.version,
    })),
    absences,
    goals: checkGoals(run.measurements, run.schedule),
    defects: run.measurements.defects,
    measurements: run.measurements,
  };
  const file = options.jsonFile ?? LATEST;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
  say(`figures in ${file}`);
}
