// Processor time and memory of a process and all its descendants, from the kernel's own books in /proc.

import { readdirSync, readFileSync } from 'node:fs';

export type ProcessSample = {
  readonly pid: number;
  readonly command: string;
  /** User and system time, with that of children that have ended. */
  readonly cpuUs: number;
  /** All memory that the process has in RAM. */
  readonly residentBytes: number;
  /** Its proportional share: what processes have in common, such as PostgreSQL's buffers, counts once over all. */
  readonly shareBytes: number;
};

/** The kernel shows these times in hundredths of a second on every Linux. */
const TICK_US = 10_000;
/** Fields of /proc/<pid>/stat that follow the command's name, which may itself contain spaces. */
const PPID = 1;
const TIMES = [11, 12, 13, 14];

/** Samples the tree under `rootPid`; empty when it is gone. */
export function sampleTree(rootPid: number): ProcessSample[] {
  const children = childrenByParent();
  const samples: ProcessSample[] = [];
  const pids = [rootPid];
  for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
    pids.push(...(children.get(pid) ?? []));
    const fields = statFields(pid);
    if (fields === undefined) continue;
    const ticks = TIMES.reduce((sum, field) => sum + Number(fields[field] ?? 0), 0);
    samples.push({ pid, command: commandOf(pid), cpuUs: ticks * TICK_US, ...memoryOf(pid) });
  }
  return samples;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const fields = Number.isInteger(pid) ? statFields(pid) : undefined;
    if (fields === undefined) continue;
    const parent = Number(fields[PPID]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
}

function memoryOf(pid: number): { residentBytes: number; shareBytes: number } {
  const text = read(`/proc/${pid}/smaps_rollup`) ?? '';
  const kibibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { residentBytes: kibibytes('Rss') * 1024, shareBytes: kibibytes('Pss') * 1024 };
}

/** Undefined when the process has ended meanwhile. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
