// Brings together what a run needs: the upstream, the load generator, and every contender that can be had.

import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchRun, Entrant } from './bench-run.ts';
import { contenders } from './contenders/all.ts';
import type { Contender, Running, Unavailable } from './contenders/contender.ts';
import { freePort } from './free-port.ts';
import { LoadGenerator } from './load/process.ts';
import { Measurements } from './measurements.ts';
import type { Options } from './options.ts';
import { UpstreamProcess } from './upstream/process.ts';

/** A contender that this run has to do without, and why. */
export type Absence = { readonly name: string; readonly reason: string };

/** Starts everything; the scope stops it again. */
export async function gather(
  options: Options,
  scope: AsyncDisposableStack,
  say: (line: string) => void,
): Promise<{ run: BenchRun; absences: Absence[] }> {
  const directory = await temporaryDirectory(scope);
  const upstream = scope.use(await UpstreamProcess.start(await freePort(options.portBase)));
  const load = scope.use(new LoadGenerator());
  const entrants: Entrant[] = [];
  const absences: Absence[] = [];
  let port = upstream.port;
  for (const contender of contenders.filter((one) => options.contenders.includes(one.name))) {
    say(`starting ${contender.name}`);
    port = await freePort(port + 1);
    const started = await start(contender, upstream.port, port, join(directory, contender.name));
    if (started.kind === 'unavailable')
      absences.push({ name: contender.name, reason: started.reason });
    else entrants.push({ name: contender.name, running: scope.use(started) });
  }
  const measurements = new Measurements();
  return {
    run: { entrants, upstream, load, schedule: options.schedule, measurements, say },
    absences,
  };
}

/** A contender that does not start must not cost the figures of the others: its reason stands below the table. */
async function start(
  contender: Contender,
  upstreamPort: number,
  port: number,
  directory: string,
): Promise<Running | Unavailable> {
  await mkdir(directory);
  try {
    return await contender.start({ upstreamPort, port, directory });
  } catch (error) {
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function temporaryDirectory(scope: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'turnpike-bench-'));
  scope.defer(() => rm(directory, { recursive: true, force: true }));
  // A database that gives up root must still be able to pass through to its own directory.
  await chmod(directory, 0o711);
  return directory;
}
