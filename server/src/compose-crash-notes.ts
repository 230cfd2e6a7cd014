// The part of the composition root that is about crashes: what the last one cost, and what the next one would.

import { join } from 'node:path';
import type { Config } from './config.ts';
import type { RunningRequests } from './gateway/running-requests.ts';
import { bookCrashLosses, CrashNotes } from './jobs/crash-notes.ts';
import type { Log } from './ports/log.ts';
import { systemTimers } from './ports/timers.ts';
import type { Store } from './store/postgres/store.ts';
import { UnfinishedFile } from './store/unfinished-file.ts';

export async function openCrashNotes(
  { dataDirectory }: Config,
  store: Store,
  running: RunningRequests,
  log: Log,
): Promise<CrashNotes> {
  const notes = new UnfinishedFile(join(dataDirectory, 'unfinished-requests.json'));
  await bookCrashLosses(notes, store, log);
  return new CrashNotes({ notes, running: () => running.unfinished(), timers: systemTimers, log });
}
