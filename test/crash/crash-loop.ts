// kill -9 of the server, of PostgreSQL and of both at once, at random moments under load, round after round on the same data.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBooks } from '../e2e/books.ts';
import { SCRIPTED_CONFIG, Turnpike } from '../e2e/turnpike.ts';
import { judge } from './judge.ts';
import { Town } from './town.ts';

const VICTIMS = ['the server', 'PostgreSQL', 'both'] as const;
type Victim = (typeof VICTIMS)[number];

export type CrashLoop = {
  readonly rounds: number;
  readonly onRound?: (line: string) => void;
};

export type CrashFigures = {
  readonly answered: number;
  readonly ends: ReadonlyMap<string, number>;
  readonly payments: number;
  /** From the start of the process until a customer is answered, the longest. */
  readonly backMsMax: number;
};

/** Long enough for work to be under way, different in every round. */
const CALM_MS = [150, 900] as const;
/** For what goes on, or begins anew, after the crash. */
const AFTER_MS = 250;
/** Between the two that are killed together. */
const APART_MS = 150;
const BACK_WITHIN_MS = 60_000;

export async function crashLoop({ rounds, onRound }: CrashLoop): Promise<CrashFigures> {
  const first = await Turnpike.start({ config: SCRIPTED_CONFIG });
  const town = await Town.found(first);
  let backMsMax = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      const victim = VICTIMS[round % VICTIMS.length] ?? 'both';
      const before = town.ends.get('answered') ?? 0;
      town.open();
      await sleep(CALM_MS[0] + Math.random() * (CALM_MS[1] - CALM_MS[0]));
      const backMs = await crash(town, victim);
      backMsMax = Math.max(backMsMax, backMs);
      await sleep(AFTER_MS);
      await town.close();
      await using books = openBooks(town.turnpike.dataDirectory);
      await judge(town, books);
      const answered = (town.ends.get('answered') ?? 0) - before;
      onRound?.(`${round + 1}. ${victim}: ${answered} answered, back after ${backMs} ms`);
    }
    await using books = openBooks(town.turnpike.dataDirectory);
    assert.equal(await books.openHolds(), 0, 'I8 every hold and every lease ends');
    await judge(town, books);
  } finally {
    await town.turnpike[Symbol.asyncDispose]();
  }
  const { ends, payments } = town;
  return { answered: ends.get('answered') ?? 0, ends, payments, backMsMax };
}

/** How long until somebody is answered by what stands there afterwards. */
async function crash(town: Town, victim: Victim): Promise<number> {
  const { dataDirectory } = town.turnpike;
  const postmaster = postmasterOf(dataDirectory);
  const startedMs = performance.now();
  if (victim === 'PostgreSQL') process.kill(postmaster, 'SIGKILL');
  else await killServer(town.turnpike, victim);
  if (victim !== 'PostgreSQL') {
    town.turnpike = await Turnpike.start({ config: SCRIPTED_CONFIG, dataDirectory });
  }
  const deadline = performance.now() + BACK_WITHIN_MS;
  const isBack = async () =>
    (victim !== 'PostgreSQL' || isAlive(postmasterOf(dataDirectory, postmaster))) &&
    (await town.isAnswered());
  while (!(await isBack())) {
    assert.ok(performance.now() < deadline, `not back:\n${town.turnpike.output}`);
    await sleep(20);
  }
  return Math.round(performance.now() - startedMs);
}

/** With `both`, either goes first: answers that PostgreSQL has not heard of are in the log alone then. */
async function killServer(turnpike: Turnpike, victim: Victim): Promise<void> {
  const killPostgres = () => {
    const pid = postmasterOf(turnpike.dataDirectory);
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  };
  if (victim === 'both' && Math.random() < 0.7) {
    killPostgres();
    await sleep(Math.random() * APART_MS);
  }
  await turnpike.stop('SIGKILL');
  // The server may have started another one meanwhile.
  if (victim === 'both') killPostgres();
}

/** 0 while there is none, or none but the one that was killed. */
function postmasterOf(dataDirectory: string, killed = 0): number {
  const [path] = globSync(`${dataDirectory}/postgres/**/postmaster.pid`);
  try {
    const pid = path === undefined ? 0 : Number(readFileSync(path, 'utf8').split('\n')[0]);
    return pid === killed ? 0 : pid;
  } catch {
    return 0; // it went between the two looks
  }
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
